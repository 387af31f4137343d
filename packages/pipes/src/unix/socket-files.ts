/** Looking at socket files: posix/socket-files.ts and win32/socket-files.ts do it. */
export interface SocketFiles {
  /** True when there is a socket file, links not followed. */
  isSocket(path: string): boolean
  /** Tells one socket file from another one of the same name; undefined for none, and for one that cannot be looked at. */
  identityOf(path: string): string | undefined
}
