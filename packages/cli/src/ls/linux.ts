/** Sockets of Linux, by proc_net(5) and proc_pid_fd(5). */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename, isAbsolute, join } from 'node:path'
import type { Entry, Holder, ListSockets } from './entry.ts'
import { publicName } from './public-name.ts'

/** A line of /proc/net/unix, which proc_net(5) describes. */
export interface UnixSocket {
  readonly inode: number
  readonly type: Entry['type']
  readonly listening: boolean
  readonly connected: boolean
  /** With @ in place of the NUL of an abstract name. */
  readonly path: string | undefined
}

const TYPES: Readonly<Record<string, Entry['type']>> = {
  '0001': 'stream',
  '0002': 'datagram',
  '0005': 'seqpacket',
}
/** __SO_ACCEPTCON of the kernel's include/linux/net.h: 1 << 16. */
const ACCEPTS = 0x10000
/** SS_CONNECTED of include/uapi/linux/net.h. */
const CONNECTED = '03'

/** Reads /proc/net/unix. */
export const parseUnixTable = (text: string): UnixSocket[] =>
  text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const match = /^\S+: \S+ \S+ (\S+) (\S+) (\S+) +(\d+)(?: (.*))?$/.exec(line)
      if (!match) return []
      const [, flags = '0', kind = '', state, inode, path] = match
      return [
        {
          inode: Number(inode),
          type: TYPES[kind] ?? 'stream',
          listening: (Number.parseInt(flags, 16) & ACCEPTS) !== 0,
          connected: state === CONNECTED,
          path,
        },
      ]
    })

/** Files of processes that end meanwhile, or that this user may not read, fail. */
const orElse = <T>(otherwise: T, attempt: () => T): T => {
  try {
    return attempt()
  } catch {
    return otherwise
  }
}

/** Options of Node whose value is a module, but not the program. */
const LOADING = new Set(['-r', '--require', '--import', '--loader', '--experimental-loader'])

/** The name of a process (proc_pid_comm(5)). Node calls itself MainThread or node-MainThread: there, the program and its script. */
const commandOf = (pid: string): string => {
  const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd()
  if (!comm.endsWith('MainThread')) return comm
  const [program = comm, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const script = args.find((each, at) => /\.[cm]?[jt]s$/.test(each) && !LOADING.has(args[at - 1] ?? ''))
  return [program, ...(script === undefined ? [] : [script])].map((each) => basename(each)).join(' ')
}

interface Owner extends Holder {
  readonly uid: number
}

/** The processes that have a socket open, by inode: the links of /proc/PID/fd are `socket:[INODE]` (proc_pid_fd(5)). */
const findOwners = (): Map<number, Owner[]> => {
  const owners = new Map<number, Owner[]>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fds = orElse<string[]>([], () => readdirSync(`/proc/${pid}/fd`))
    if (fds.length === 0) continue
    const command = orElse('?', () => commandOf(pid))
    const uid = orElse(-1, () => statSync(`/proc/${pid}`).uid)
    const inodes = new Set<number>()
    for (const fd of fds) {
      const inode = /^socket:\[(\d+)\]$/.exec(orElse('', () => readlinkSync(`/proc/${pid}/fd/${fd}`)))?.[1]
      if (inode !== undefined) inodes.add(Number(inode))
    }
    for (const inode of inodes) {
      owners.set(inode, [...(owners.get(inode) ?? []), { pid: Number(pid), command, uid }])
    }
  }
  return owners
}

/** The names of users, by number (passwd(5)). */
const readUsers = (): Map<number, string> => {
  const lines = orElse('', () => readFileSync('/etc/passwd', 'utf8')).split('\n')
  return new Map(lines.map((line) => line.split(':')).map(([name = '', , uid]) => [Number(uid), name]))
}

const stateOf = ({ listening, connected, path }: UnixSocket): Entry['state'] => {
  if (listening) return 'listening'
  if (connected) return 'connected'
  return path === undefined ? 'unconnected' : 'bound'
}

/** The path that clients use. A relative path is joined to the working directory of its process, which may have changed since. */
const publicPathOf = ({ path }: UnixSocket, [owner]: readonly Owner[]): string | undefined => {
  if (path === undefined || path.startsWith('@')) return path
  const cwd =
    owner === undefined || isAbsolute(path) ? '' : orElse('', () => readlinkSync(`/proc/${owner.pid}/cwd`))
  return publicName(cwd === '' ? path : join(cwd, path))
}

/** Lists the sockets of the network namespace of this process. */
export const listSockets: ListSockets = () => {
  const owners = findOwners()
  const users = readUsers()
  return parseUnixTable(readFileSync('/proc/net/unix', 'utf8')).map((socket) => {
    const { inode, type } = socket
    const processes = owners.get(inode) ?? []
    const path = publicPathOf(socket, processes)
    // The socket file has an owner where the process is unknown.
    const uid =
      processes[0]?.uid ?? (path?.startsWith('/') ? orElse(undefined, () => statSync(path).uid) : undefined)
    return {
      address: path === undefined ? undefined : `unix:${path}`,
      type,
      state: stateOf(socket),
      user: uid === undefined ? undefined : (users.get(uid) ?? String(uid)),
      processes: processes.map(({ pid, command }) => ({ pid, command })),
    }
  })
}
