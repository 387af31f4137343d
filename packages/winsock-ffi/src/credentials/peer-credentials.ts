/** The processes at the two ends of a connection, as the system knows them. */
export interface PeerCredentials {
  /** The process that connected, or called `listen`. */
  readonly pid: number | undefined
  /** Its effective user and group: POSIX only. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** The security identifier of its user, as `S-1-5-21-...`: Windows only. */
  readonly sid: string | undefined
}
