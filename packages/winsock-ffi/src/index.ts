/**
 * The socket system calls as typed functions: Winsock on Windows, libc on POSIX, and one neutral set above both.
 *
 * @packageDocumentation
 */

// The neutral calls
export { sockets } from './sockets/index.ts'
export type { BindOptions } from './sockets/connections.ts'
export type { Message, ReceivedMessage, ReceiveMessageOptions, ReceiveOptions } from './sockets/messages.ts'
export type { PollRequest, PollResult } from './sockets/poll.ts'
export type { SendOptions } from './sockets/transfer.ts'
export { Descriptor } from './handle/descriptor.ts'
export { SocketHandle } from './handle/socket-handle.ts'
export { InetAddress } from './address/inet-address.ts'
export { UnixAddress } from './address/unix-address.ts'
export { VSOCK_ANY, VsockAddress } from './address/vsock-address.ts'
export type { SocketAddress } from './address/socket-address.ts'
export type { PeerCredentials } from './credentials/peer-credentials.ts'
export type { SenderCredentials, SocketFamily, SocketType } from './system-calls/system-calls.ts'
export type { ReadOnlySocketOptions, SocketOptions } from './sockets/options.ts'
export type { WaitOptions } from './waiting/waiting.ts'
export { SocketError } from './errors/socket-error.ts'
export type { AdviceCode, SocketErrorInit } from './errors/socket-error.ts'
// For the packages above, so that all of them speak of failures in the same way
export { invalidArgument, invalidValue, outOfRange } from './errors/wrong-argument.ts'
export { adviceFor } from './errors/advice.ts'
export { checkOptions, optionNames } from './options/check-options.ts'
export { fileOf, threadFile } from './bundle.ts'
export { sleep } from './waiting/sleep.ts'

// Node's loop
export { watch } from './watch/watch.ts'
export type { WatchOptions } from './watch/watch.ts'
export type { Interest, Readiness, WatchCallback, Watcher, WatchStrategy } from './watch/watcher.ts'
export { adopt } from './loop/adopt.ts'
export type { AdoptOptions } from './loop/adopt.ts'

// This machine
export { capabilities } from './capabilities.ts'
export type { Capabilities } from './capabilities.ts'
export type { Runtime } from './runtime/runtime.ts'
export { ensureWsaStarted } from './libraries/win32/startup.ts'
export {
  isSocketFile,
  removeOwnSocketFile,
  removeSocketFile,
  socketFileId,
} from './socket-file/socket-file.ts'
export { refuses } from './sockets/refuses.ts'
export { findFile, mayBeSocket } from './socket-file/win32/find-file.ts'
export type { FoundFile } from './socket-file/win32/find-file.ts'

// The system calls themselves
export { libc } from './libraries/posix/prototypes.ts'
export { winsock } from './libraries/win32/prototypes.ts'
export { sidOfProcess } from './credentials/win32.ts'

// To bind more of them
export { bindTable } from './binding/bind-table.ts'
export type { Bound, Call, Failure, Row, Rows } from './binding/bind-table.ts'
export type { CArgument, CArguments, CResult, CResults, Pointer } from './binding/ctypes.ts'
export { hasBackend, loadBackend } from './binding/load-backend.ts'
export type {
  Backend,
  BackendName,
  NativeArgument,
  NativeFunction,
  NativeLibrary,
  NativeResult,
  OnPoll,
  PollHandle,
} from './binding/backend.ts'
export { loadKoffi } from './binding/koffi.ts'
export type { Koffi, KoffiFunction, KoffiLibrary } from './binding/koffi.ts'
export { defineLibrary } from './binding/library.ts'
export type { Library, LibraryOptions } from './binding/library.ts'
export { libcLibrary } from './libraries/posix/libc.ts'
export { advapi32Library, kernel32Library, ws2_32Library } from './libraries/win32/dlls.ts'
export {
  encodeInet,
  encodeUnix,
  decodeInet,
  decodeUnix,
  darwinLayout,
  linuxLayout,
  windowsLayout,
} from './address/sockaddr.ts'
export type { InetFields, SockaddrLayout } from './address/sockaddr.ts'

// Constants, by their C names
export {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  FD_ACCEPT,
  FD_CLOSE,
  FD_CONNECT,
  FD_MAX_EVENTS,
  FD_OOB,
  FD_READ,
  FD_WRITE,
  FIONBIO,
  FIONREAD,
  INVALID_SOCKET,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  MSG_PEEK,
  MSG_WAITALL,
  posixConstants,
  SD_BOTH,
  SD_RECEIVE,
  SD_SEND,
  SIO_AF_UNIX_GETPEERPID,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOCKET_ERROR,
  SOL_SOCKET,
  SOMAXCONN,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TYPE,
  TCP_NODELAY,
  UNIX_PATH_MAX,
  WSA_FLAG_NO_HANDLE_INHERIT,
  WSA_FLAG_OVERLAPPED,
  WSA_INFINITE,
  WSA_INVALID_EVENT,
  WSA_MAXIMUM_WAIT_EVENTS,
  WSA_WAIT_EVENT_0,
  WSA_WAIT_FAILED,
  WSA_WAIT_TIMEOUT,
} from './constants/this-system.ts'
export type { PosixConstants } from './constants/this-system.ts'
