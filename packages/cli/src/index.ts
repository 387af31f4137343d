/**
 * The command `uds`, for programs that want to run it in themselves.
 *
 * @packageDocumentation
 */
export { run } from './run.ts'
export type { Terminal } from './terminal/terminal.ts'
