/** Where a line server reports to: a logger of the caller, or standard error. */
import { printable } from '../wire/printable.ts'

/** What a line server reports to; `console` is one. Messages contain the lines of clients as they are. */
export interface LineLogger {
  info(message: string): void
  error(message: string): void
}

const print = (level: string, message: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${level} ${printable(message)}\n`)
}

/** Standard error, each message on a line with time and level; control characters of clients are escaped. */
export const stderrLogger: LineLogger = {
  info: (message) => print('INFO', message),
  error: (message) => print('ERROR', message),
}

const nowhere = (): void => {}

/** A logger whose exceptions are dropped; `false` reports nothing. */
export const safeLogger = (logger: LineLogger | false): LineLogger => {
  if (logger === false) return { info: nowhere, error: nowhere }
  const safely = (level: 'info' | 'error') => (message: string) => {
    try {
      logger[level](message)
    } catch {
      // There is no place left to report it.
    }
  }
  return { info: safely('info'), error: safely('error') }
}
