import type { Output, Terminal } from './terminal.ts'

/** What every command gets. */
export interface Context {
  readonly terminal: Terminal
  /** Asked for inside an action, when it is known whether JSON is wanted. */
  output(): Output
  /** Ends the command with another exit code than 0. */
  exit(code: number): void
}
