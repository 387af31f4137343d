/** loadBackend: which foreign function interface makes the calls of this process. The one file that chooses. */
import { SocketError } from '../errors/socket-error.ts'
import { invalidValue } from '../errors/wrong-argument.ts'
import { runtime } from '../runtime/runtime.ts'
import type { Backend } from './backend.ts'
import { bunBackend } from './bun-ffi.ts'
import { denoBackend } from './deno-ffi.ts'
import { koffiBackend } from './koffi-backend.ts'
import { nodeBackend } from './node-ffi.ts'

/** By the names of UDS_FFI. */
const make = { koffi: koffiBackend, node: nodeBackend, bun: bunBackend, deno: denoBackend } as const

type Choice = keyof typeof make

/** The backend that UDS_FFI names. */
const forced = (): Choice | undefined => {
  const name = process.env['UDS_FFI'] ?? ''
  if (name === '') return undefined
  if (Object.hasOwn(make, name)) return name as Choice
  throw invalidValue('load', 'UDS_FFI', `must be one of ${Object.keys(make).join(', ')}`, name)
}

/** koffi; where it cannot be loaded, what the runtime itself has. */
const choose = (): Backend => {
  const choice = forced()
  if (choice !== undefined) return make[choice]()
  try {
    return koffiBackend()
  } catch (withoutKoffi) {
    try {
      return { ...make[runtime.name](), insteadOfKoffi: (withoutKoffi as SocketError).message }
    } catch (cause) {
      throw withoutOwn(withoutKoffi as SocketError, cause)
    }
  }
}

/** koffi's error, with what would make the runtime's own backend serve. */
const withoutOwn = (koffi: SocketError, own: unknown): SocketError => {
  const advice = own instanceof SocketError ? own.advice : `it fails: ${String(own)}`
  if (advice === undefined || advice === koffi.advice) return koffi
  return new SocketError({
    code: koffi.code,
    syscall: koffi.syscall,
    address: koffi.address,
    detail: koffi.detail,
    advice: `${koffi.advice}; without koffi: ${advice}`,
    cause: koffi.cause,
  })
}

let loaded: Backend | undefined

/**
 * Puts `wrap` between this process and its system calls: every function that is looked up from now on is one of the backend
 * that it returns. For tests that make calls fail; a program that does not call it pays nothing for it.
 *
 * @throws Error when a call has been made already.
 */
export const interposeBackend = (wrap: (backend: Backend) => Backend): void => {
  if (loaded !== undefined) throw new Error('interposeBackend: calls were made already; it must come first')
  loaded = wrap(choose())
}

/**
 * The foreign function interface that makes the calls, chosen at the first call: koffi, else `node:ffi` (Node 26.1 and
 * later), `bun:ffi` or `Deno.dlopen`. The environment variable `UDS_FFI` (`koffi`, `node`, `bun`, `deno`) names one that
 * is used and no other.
 *
 * @throws SocketError `ENOTSUP` where there is none; the message says why koffi could not be loaded, and what to do.
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for an unknown name in `UDS_FFI`.
 */
export const loadBackend = (): Backend => (loaded ??= choose())

/**
 * Whether system calls can be made.
 *
 * @throws TypeError as {@link loadBackend}.
 */
export const hasBackend = (): boolean => {
  try {
    loadBackend()
    return true
  } catch (error) {
    if (error instanceof SocketError) return false
    throw error
  }
}

/** The memory of a view as a pointer, which is good for as long as the view is kept. */
export const addressOf = (view: ArrayBufferView): bigint => loadBackend().address(view)
