/** The file of a guest: a path, or the name of a guest that a package of its own brings. */
import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PreopenOption } from '@uds/wasi-host'
import type { Python } from '@uds/python-wasi'
import { CommandFailure } from '../exit/failure.ts'
import { USAGE } from '../exit/exit-codes.ts'

/** A guest that was found. */
export interface GuestFile {
  readonly path: string
  /** What the guest finds as its own name. */
  readonly name: string
  /** The directories that it cannot do without. */
  readonly preopens: Readonly<Record<string, PreopenOption>>
}

const PYTHON = '@uds/python-wasi'

/** Where the package is: in the project that the command is used in, else beside the command, as npm -g has it. */
const resolvePackage = (name: string): string | undefined => {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.filename]) {
    try {
      return createRequire(from).resolve(name)
    } catch {
      continue
    }
  }
  return undefined
}

const findPython = async (): Promise<GuestFile> => {
  const door = resolvePackage(PYTHON)
  if (door === undefined)
    throw new CommandFailure(
      USAGE,
      `there is no file python here, and ${PYTHON}, which has it, is not installed: npm install ${PYTHON}, or give the path of a python.wasm`,
    )
  const { python } = (await import(pathToFileURL(door).href)) as { readonly python: () => Python }
  const { wasm, preopens } = python()
  return { path: wasm, name: 'python', preopens }
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

/**
 * Finds the guest that is called `file`: `python` is that of \@uds/python-wasi, unless there is a file of this name.
 *
 * @throws CommandFailure when its package is not installed.
 */
export const guestFile = async (file: string): Promise<GuestFile> =>
  file === 'python' && !isFile(file) ? findPython() : { path: file, name: basename(file), preopens: {} }
