/** The names of pipes of Windows: https://learn.microsoft.com/windows/win32/ipc/pipe-names */

/** Both spellings of the directory of pipes of this computer, with either separator. */
export const LOCAL_PIPE: RegExp = /^[\\/]{2}[.?][\\/]pipe[\\/]/i

/** The directory of pipes of a computer: `\\COMPUTER\pipe\`. */
export const REMOTE_PIPE: RegExp = /^\\\\([^\\/]+)\\pipe\\/i

/** Characters (of UTF-16, as Windows counts) that `\\.\pipe\name` may have as a whole. */
export const LONGEST_PIPE_NAME: number = 256

/** What no NetBIOS name of a computer has. */
const NOT_IN_COMPUTER_NAMES = /[.\\/:*?"<>|]/

/** True for `.`, which is this computer, and for what can be the name of another. */
export const isComputerName = (host: string): boolean => host === '.' || !NOT_IN_COMPUTER_NAMES.test(host)

/** The name that CreateFile takes: `\\.\pipe\name`, `\\COMPUTER\pipe\name`. */
export const fullPipeName = ({
  name,
  host = '.',
}: {
  readonly name: string
  readonly host?: string | undefined
}): string => `\\\\${host}\\pipe\\${name}`
