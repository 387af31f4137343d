/** Sockets of Linux. */
import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Entry, ListSockets } from './entry.ts'
import { findOwners, orElse, type Owner } from './processes.ts'
import { publicName } from '@uds/winsock-ffi/internal'
import { querySockets } from './sock-diag.ts'
import type { UnixSocket } from './unix-socket.ts'

const TYPES: Readonly<Record<string, Entry['type']>> = {
  '0001': 'stream',
  '0002': 'datagram',
  '0005': 'seqpacket',
}
/** __SO_ACCEPTCON of the kernel's include/linux/net.h: 1 << 16. */
const ACCEPTS = 0x10000
/** SS_CONNECTED of include/uapi/linux/net.h. */
const CONNECTED = '03'

/** Parses /proc/net/unix. A name with a line end can look like another socket there. */
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

/**
 * The path that clients use: of a relative name, the one below the working directory of its process; of a temporary name of
 * `@uds/stream`, the one that it was renamed to. Any user may bind a socket to such a name: the path counts only where its file
 * is the file of this socket.
 */
const clientPath = (path: string, { fileInode, uid }: UnixSocket, owner: Owner | undefined): string => {
  const cwd =
    owner === undefined || isAbsolute(path) ? '' : orElse('', () => readlinkSync(`/proc/${owner.pid}/cwd`))
  const bound = cwd === '' ? path : join(cwd, path)
  return [publicName(bound), bound].find((each) => each === path || isFileOf(each, fileInode, uid)) ?? path
}

/** Without an inode from the kernel, a socket file of the same user is taken for it. */
const isFileOf = (path: string, inode: number | undefined, uid: number | undefined): boolean =>
  orElse(false, () => {
    const found = statSync(path)
    return found.isSocket() && (inode === undefined ? found.uid === uid : found.ino === inode)
  })

const addressOf = (socket: UnixSocket, owner: Owner | undefined): string | undefined => {
  const { path } = socket
  if (path === undefined) return undefined
  return `unix:${path.startsWith('@') ? path : clientPath(path, socket, owner)}`
}

/** The kernel's own list; without koffi, or where it has no unix_diag, the lines of /proc/net/unix. */
const readSockets = (): UnixSocket[] =>
  orElse(undefined, querySockets) ?? parseUnixTable(readFileSync('/proc/net/unix', 'utf8'))

/** Lists the sockets of the network namespace of this process. */
export const listSockets: ListSockets = () => {
  const owners = findOwners()
  const users = readUsers()
  return readSockets().map((found) => {
    const processes = owners.get(found.inode) ?? []
    const { path } = found
    // The socket file has an owner where the kernel and the processes do not say.
    const uid =
      found.uid ??
      processes[0]?.uid ??
      (path?.startsWith('/') ? orElse(undefined, () => statSync(path).uid) : undefined)
    return {
      address: addressOf({ ...found, uid }, processes[0]),
      type: found.type,
      state: stateOf(found),
      user: uid === undefined ? undefined : (users.get(uid) ?? String(uid)),
      processes: processes.map(({ pid, command }) => ({ pid, command })),
    }
  })
}
