/** The exit codes of the command; `uds wasm run` exits with the code of its guest, whatever that is. */

export const OK = 0
/** The command line was right, and the command failed. */
export const FAILED = 1
/** The command line was wrong. */
export const USAGE = 2
