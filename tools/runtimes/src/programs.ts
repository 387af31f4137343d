/** Bun and Deno, of pinned versions, as programs on this machine. */
import { npmProgram } from '@uds/nodes'
import type { RuntimeName } from './runtimes.ts'

/** The versions of the table in docs/guides/bun-and-deno.md. */
const BUN = '1.4.5'
const DENO = '2.9.6'

const { platform, arch } = process

/** The npm packages that hold the programs, as those of `bun` and `deno` name them. */
const bunPackage = `@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}`
const denoPackage = `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`

/** How a runtime runs a file. */
export interface Program {
  readonly path: string
  readonly args: readonly string[]
}

const find: Readonly<Record<RuntimeName, () => Program>> = {
  node: () => ({ path: process.execPath, args: ['--disable-warning=ExperimentalWarning'] }),
  bun: () => ({ path: process.env['BUN'] ?? npmProgram(bunPackage, BUN, 'bin/bun'), args: ['run'] }),
  deno: () => ({
    path: process.env['DENO'] ?? npmProgram(denoPackage, DENO, 'deno'),
    args: ['run', '--allow-all', '--quiet'],
  }),
}

/**
 * A runtime: this Node, or Bun or Deno, which are installed from npm when they are asked for first. The variables BUN and
 * DENO name other ones.
 *
 * @throws Error where npm has none for this system, or cannot be reached.
 */
export const programOf = (runtime: RuntimeName): Program => find[runtime]()
