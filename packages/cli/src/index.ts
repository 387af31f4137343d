/**
 * The command `uds`, for programs that embed it.
 *
 * @packageDocumentation
 */
export { run } from './run.ts'
export type { Terminal } from './terminal/terminal.ts'
