/**
 * Blocking local streams: named pipes on Windows, AF_UNIX sockets everywhere, with one API.
 *
 * @packageDocumentation
 */

// The fitting pair on each system
export { LocalListener } from './local/listener.ts'
export type { LocalBindOptions } from './local/listener.ts'
export { LocalStream } from './local/stream.ts'
export type { LocalConnectOptions } from './local/stream.ts'
export { LocalSocketAddr } from './local/address.ts'

// AF_UNIX
export { UnixListener } from './unix/listener.ts'
export type { UnixBindOptions } from './unix/listener.ts'
export { UnixStream } from './unix/stream.ts'
export type { ReceivedDescriptors } from './unix/stream.ts'
export { UnixDatagram } from './unix/datagram.ts'
export type { ReceivedDatagram } from './unix/datagram.ts'
export { UnixSocketAddr } from './unix/address.ts'

// Named pipes of Windows
export { WinListener } from './win/listener.ts'
export type { PipeBindOptions } from './win/bind-options.ts'
export { WinStream } from './win/stream.ts'
export { WinPipeSocketAddr } from './win/address.ts'
export type { PipeSecurity } from './win32/security.ts'

// What they have in common
export type { BlockingStream, CloseOptions, ReadToEndOptions } from './stream.ts'
export type { BlockingListener } from './listener.ts'
export type { SocketAddr } from './address.ts'
export type { ShutdownHow, WaitOptions } from './arguments.ts'
export type { ConnectOptions } from './verify-server.ts'
export type { LineOptions } from './iteration.ts'
export type { PartialRead, PartialTransfer } from './failures.ts'
export type { TransferKind, TransferToken } from './threads/token.ts'

// Observation
export { TRACE_CHANNEL } from './trace.ts'
export type { TraceRecord } from './trace.ts'

// The errors of every call
export { SocketError } from '@uds/winsock-ffi'
export type { Descriptor, PeerCredentials } from '@uds/winsock-ffi'
