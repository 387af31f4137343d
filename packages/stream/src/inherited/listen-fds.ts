/** LISTEN_FDS: the descriptors that systemd, or another parent with its protocol, has opened for this process. */
import { statDescriptor } from '@uds/winsock-ffi/internal'
import { kindOf, type DescriptorKind } from './kind.ts'
import { nameOfFd } from './name-of-fd.ts'

/** A descriptor that was passed. */
export interface PassedSocket {
  /** The address for `listen`, and for `connect` where `kind` is `stream` or `fifo`. */
  readonly address: `fd:${number}`
  readonly fd: number
  /** FileDescriptorName= of the socket unit, or FDNAME of what was stored. @default `unknown` */
  readonly name: string
  /**
   * What it is, and so which call takes it: `stream-listener` (`listen`), `stream` (a connection of `Accept=yes`; `connect`),
   * `datagram` (`UnixDatagramSocket.from`), `seqpacket-listener` (`SeqpacketListener.from`), `seqpacket`
   * (`SeqpacketSocket.from`), `fifo` (`connect`), `file` (ListenSpecial=; `fs.createReadStream`) or `other`. The system is
   * asked when this is read first; for a socket that loads koffi.
   *
   * @throws SocketError `EBADF` when it was closed before the first read.
   */
  readonly kind: DescriptorKind
  /** The name that a socket is bound to, as `unix:/run/app.sock`; undefined without one. Read as `kind` is. */
  readonly localAddress: string | undefined
}

export class Passed implements PassedSocket {
  readonly address: `fd:${number}`
  readonly fd: number
  readonly name: string
  #kind: DescriptorKind | undefined
  #localAddress: string | undefined | null = null

  constructor(fd: number, name: string) {
    this.address = `fd:${fd}`
    this.fd = fd
    this.name = name
  }

  get kind(): DescriptorKind {
    return (this.#kind ??= kindOf(this.fd, 'listenFds'))
  }

  get localAddress(): string | undefined {
    if (this.#localAddress === null) this.#localAddress = nameOfFd(this.fd)
    return this.#localAddress
  }
}

/** The first one (sd_listen_fds(3), SD_LISTEN_FDS_START). */
const FIRST = 3

const count = (text: string | undefined): number =>
  text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : 0

/** Whether a descriptor is something that was passed: those that Node itself opens are neither. */
const isPassed = (fd: number): boolean => {
  try {
    const found = statDescriptor(fd)
    return found.isSocket() || found.isFIFO()
  } catch {
    return false
  }
}

/** A shell that starts Node, and not by `exec`, is the process that the manager names. */
const warnOfWrapper = (pid: number): void => {
  // The channel of a child process has that number, too.
  if (pid === 0 || process.channel || !isPassed(FIRST)) return
  process.emitWarning(
    `LISTEN_PID is ${pid}, and this process is ${process.pid}: the descriptors were passed to a process that has started ` +
      'this one, so listenFds() returns none. Start Node by `exec node ...` in the script that wraps it',
    { type: 'UdsWarning', code: 'UDS_LISTEN_PID' },
  )
}

/**
 * The descriptors passed by LISTEN_FDS, in order; none where LISTEN_PID names another process, with a warning where they are
 * here all the same. The variables are removed, so that child processes do not use the descriptors as theirs; a second call
 * returns none.
 *
 * @example
 * ```ts
 * for (const { kind, address, fd, name } of listenFds()) {
 *   if (kind === 'stream-listener') serve(name, await listen(address))
 *   else if (kind === 'datagram') receive(name, UnixDatagramSocket.from(fd))
 * }
 * ```
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
 */
export const listenFds = (env: NodeJS.ProcessEnv = process.env): PassedSocket[] => {
  const { LISTEN_PID: pid, LISTEN_FDS: fds, LISTEN_FDNAMES: names } = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  const passed = count(fds)
  if (count(pid) !== process.pid) {
    if (passed > 0) warnOfWrapper(count(pid))
    return []
  }
  const fdNames = names?.split(':') ?? []
  return Array.from({ length: passed }, (_, index) => new Passed(FIRST + index, fdNames[index] || 'unknown'))
}
