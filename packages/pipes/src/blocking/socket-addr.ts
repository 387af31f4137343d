/** What the addresses of all kinds have in common. */
export interface SocketAddr {
  /** True for the end of a connection that has no name: a client's, or one of a pair. */
  isUnnamed(): boolean
  /** The path, or the full name of the pipe; undefined where there is none. */
  asPathname(): string | undefined
  /** As `LocalStream.connect` reads it: `unix:PATH`, `pipe:NAME`. */
  toString(): string
}
