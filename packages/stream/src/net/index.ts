/**
 * `net` in which a path is AF_UNIX on Windows too: put `@uds/stream/net` where a program says `node:net`.
 *
 * On Linux and macOS this is `node:net` itself, the very same functions. On Windows `createServer().listen(path)` and
 * `connect(path)` make AF_UNIX sockets, and a bare word is a relative path, as on POSIX; `\\.\pipe\name` and
 * `\\?\pipe\name` stay named pipes. The connections are `net.Socket`s, and every socket and server that Node makes is
 * `instanceof` these classes. Errors are those of node:net, as events, with the plain path as `address`; their `cause` is
 * the SocketError, with advice.
 *
 * ## Platform behaviour
 * Windows needs 10 1803 for AF_UNIX (`EAFNOSUPPORT` before) and koffi. Its differences from node:net on POSIX:
 *
 * - A path that is too long is an 'error' `ENAMETOOLONG`, where POSIX has `EINVAL`.
 * - `writableAll` lets every user connect; `readableAll` alone is `ENOTSUP`, and so is any access where the system sets no
 *   permissions of socket files (Wine). `listen` throws these.
 * - Workers of `node:cluster` share a path only where the primary process runs `@uds/stream/net/register`, and with
 *   `cluster.schedulingPolicy = cluster.SCHED_RR` (or NODE_CLUSTER_SCHED_POLICY=rr). Otherwise they get `EACCES`.
 * - Abstract names (`\0name`) are `ENOTSUP`, and `net.BoundSocket({ path })` is a named pipe.
 * - `fs.existsSync` of a socket file is false: remove a stale file with `fs.rmSync(path, { force: true })` or
 *   `removeSocketFile`, without asking.
 *
 * @packageDocumentation
 */
import net from 'node:net'
import { system } from '@uds/winsock-ffi/internal'
import { unixNet, type UnixNet } from './unix-net.ts'

const parts: UnixNet = system === 'win32' ? unixNet : net

export const Server: typeof net.Server = parts.Server
export type Server = net.Server
export const Socket: typeof net.Socket = parts.Socket
export type Socket = net.Socket
/** The same as {@link Socket}; an old name. */
export const Stream: typeof net.Socket = parts.Socket
export type Stream = net.Socket
export const connect: typeof net.connect = parts.connect
export const createConnection: typeof net.createConnection = parts.createConnection
export const createServer: typeof net.createServer = parts.createServer

// The rest is that of node:net on every system.
export {
  BlockList,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
  SocketAddress,
} from 'node:net'
export type {
  AddressInfo,
  IpcNetConnectOpts,
  IpcSocketConnectOpts,
  IPVersion,
  ListenOptions,
  LookupFunction,
  NetConnectOpts,
  OnReadOpts,
  ServerOpts,
  SocketConnectOpts,
  SocketConstructorOpts,
  SocketReadyState,
  TcpNetConnectOpts,
  TcpSocketConnectOpts,
} from 'node:net'

/** Everything of `node:net`, also what only newer versions of Node have, with the parts above in it. */
const door: typeof net = {
  ...net,
  ...parts,
  Server,
  Socket,
  Stream,
} as typeof net
export default door
