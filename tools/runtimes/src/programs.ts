/** Bun and Deno, of pinned versions, as programs on this machine. */
import { nodeProgram, npmProgram } from '@uds/nodes'
import { muslLibraries } from './musl/libraries.ts'
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
  /** What UDS_FFI is to be. */
  readonly ffi?: string
  readonly env?: NodeJS.ProcessEnv
}

const find: Readonly<Record<RuntimeName, () => Program>> = {
  node: () => ({ path: process.execPath, args: ['--disable-warning=ExperimentalWarning'] }),
  bun: () => ({ path: process.env['BUN'] ?? npmProgram(bunPackage, BUN, 'bin/bun'), args: ['run'] }),
  deno: () => ({
    path: process.env['DENO'] ?? npmProgram(denoPackage, DENO, 'deno'),
    args: ['run', '--allow-all', '--quiet'],
  }),
  'bun-musl': () => ({
    path: npmProgram(`${bunPackage}-musl`, BUN, 'bin/bun'),
    args: ['run'],
    env: { LD_LIBRARY_PATH: muslLibraries() },
  }),
}

/**
 * A runtime: this Node, or Bun or Deno, which are installed from npm when they are asked for first. The variables BUN and
 * DENO name other ones.
 *
 * @param ownFfi - Its own FFI makes the calls; Node is then the one that has node:ffi.
 * @throws Error where npm has none for this system, or cannot be reached.
 */
export const programOf = (runtime: RuntimeName, ownFfi = false): Program => {
  const program = find[runtime]()
  if (!ownFfi) return program
  return {
    ...program,
    ffi: runtime.replace('-musl', ''),
    ...(runtime === 'node' && { path: nodeProgram('26') }),
  }
}
