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
