/** Context: the terminal, output and exit code of a command. */
import type { Output, Terminal } from './terminal.ts'

/** The context of a command: its terminal, output and exit code. */
export interface Context {
  readonly terminal: Terminal
  /** The output; only inside an action is --json known. */
  output(): Output
  /** Sets the exit code, which is 0 otherwise. */
  exit(code: number): void
}
