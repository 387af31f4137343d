/** Errors about modules and choices that this package alone knows, in the form of Node's own. */

type Coded<E extends Error> = E & { code: string }

const coded = <E extends Error>(error: E, code: string): Coded<E> => Object.assign(error, { code })

/** The bytes are no WebAssembly that can be run here. */
export const invalidWasm = (message: string): Coded<TypeError> =>
  coded(new TypeError(message), 'ERR_INVALID_WASM')

/** The module and the host do not fit: an import that the host lacks, an export that is not there. */
export const linkError = (message: string): Coded<TypeError> => coded(new TypeError(message), 'ERR_WASI_LINK')

/** Something that cannot be had with the chosen way of waiting, or on this engine. */
export const notSupported = (message: string): Coded<Error> => coded(new Error(message), 'ENOTSUP')

/** A guest has called `proc_exit` in a call of one of its exports. */
export class GuestExit extends Error {
  readonly code = 'ERR_WASI_EXIT'
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`the guest has exited with ${exitCode}`)
    this.name = 'GuestExit'
    this.exitCode = exitCode
  }
}
