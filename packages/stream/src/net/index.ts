/**
 * `net` in which a path is AF_UNIX on Windows too: put `@uds/stream/net` where a program says `node:net`.
 *
 * On Linux and macOS this is `node:net` itself, the very same functions. On Windows `createServer().listen(path)` and
 * `connect(path)` make AF_UNIX sockets, and a bare word is a relative path, as on POSIX; `\\.\pipe\name` and
 * `\\?\pipe\name` stay named pipes. The connections are `net.Socket`s.
 *
 * ## Platform behaviour
 * Windows needs 10 1803 for AF_UNIX (`EAFNOSUPPORT` before) and koffi. `fs.existsSync` of a socket file is false
 * there: remove a stale file with `fs.rmSync(path, { force: true })` or `removeSocketFile`, without asking.
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

// The rest is Node's own on every system.
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
