/** LISTEN_FDS: the sockets that systemd, or another parent with its protocol, has opened for this process. */

/** A descriptor that was passed. */
export interface PassedSocket {
  /** The address for `listen`. */
  readonly address: `fd:${number}`
  readonly fd: number
  /** FileDescriptorName= of the socket unit. @default `unknown` */
  readonly name: string
}

/** The first one (sd_listen_fds(3), SD_LISTEN_FDS_START). */
const FIRST = 3

const count = (text: string | undefined): number =>
  text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : 0

/**
 * The sockets passed by LISTEN_FDS, in order; none where LISTEN_PID names another process. The variables are removed,
 * so that child processes do not use the sockets as theirs; a second call returns none.
 *
 * @example
 * ```ts
 * const [passed] = listenFds()
 * const server = await listen(passed?.address ?? 'unix:/run/app.sock')
 * ```
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
 */
export const listenFds = (env: NodeJS.ProcessEnv = process.env): PassedSocket[] => {
  const { LISTEN_PID: pid, LISTEN_FDS: fds, LISTEN_FDNAMES: names } = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  if (count(pid) !== process.pid) return []
  const fdNames = names?.split(':') ?? []
  return Array.from({ length: count(fds) }, (_, index) => {
    const fd = FIRST + index
    return { address: `fd:${fd}` as const, fd, name: fdNames[index] || 'unknown' }
  })
}
