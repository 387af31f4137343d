/** CPython as a guest, with the Python sources of the guest kit. */
import { join } from 'node:path'
import { needsPython } from '@uds/guests'
import type { WaitMode, WasiHostOptions } from '../src/index.ts'
import { runGuest, startGuest } from './guest-run.ts'
import type { Ran, Running } from './guest-run.ts'

export const python: ReturnType<typeof needsPython> = needsPython()

const KIT = join(import.meta.dirname, '../guest/python')

/** The options with which the guest finds its library and the modules of the kit. */
export const pythonOptions = (
  wait: WaitMode,
  args: readonly string[],
  sockets: WasiHostOptions['sockets'] = {},
  files: WasiHostOptions['files'] = {},
): WasiHostOptions => ({
  wait,
  args: ['python', ...args],
  env: { PYTHONPATH: '/kit', PYTHONDONTWRITEBYTECODE: '1' },
  preopens: { '/usr/local': python.prefix, '/kit': KIT },
  files,
  sockets,
})

/** Runs a Python program that is given as text. */
export const runPython = (
  wait: WaitMode,
  code: string,
  sockets: WasiHostOptions['sockets'] = {},
): Promise<Ran> => runGuest(python.wasm, pythonOptions(wait, ['-c', code], sockets))

/** Starts one. */
export const startPython = (
  wait: WaitMode,
  code: string,
  sockets: WasiHostOptions['sockets'] = {},
): Running => startGuest(python.wasm, pythonOptions(wait, ['-u', '-c', code], sockets))
