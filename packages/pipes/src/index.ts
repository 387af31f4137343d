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
export { UnixListener } from './unix-socket/listener.ts'
export type { UnixBindOptions } from './unix-socket/bind-options.ts'
export { UnixStream } from './unix-socket/stream.ts'
export type { ReceivedDescriptors } from './unix-socket/descriptors.ts'
export { UnixDatagram } from './unix-socket/datagram.ts'
export type { ReceivedDatagram } from './unix-socket/datagram.ts'
export { DatagramBatch } from './unix-socket/datagram-batch.ts'
export type { DatagramBatchOptions } from './unix-socket/datagram-batch.ts'
export type { SendManyOptions } from './unix-socket/datagram-many.ts'
export { UnixSocketAddr } from './unix-socket/address.ts'

// Named pipes of Windows
export { WinListener } from './named-pipe/listener.ts'
export type { PipeBindOptions } from './named-pipe/bind-options.ts'
export { WinStream } from './named-pipe/stream.ts'
export { WinPipeSocketAddr } from './named-pipe/address.ts'
export type { PipeSecurity } from './named-pipe/win32/security.ts'

// What they have in common
export type { BlockingStream, CloseOptions, ReadToEndOptions } from './blocking/stream.ts'
export type { BlockingListener } from './blocking/listener.ts'
export type { SocketAddr } from './blocking/socket-addr.ts'
export type { ShutdownHow, WaitOptions } from './options/arguments.ts'
export type { ConnectOptions } from './connecting/verify-server.ts'
export type { LineOptions } from './blocking/iteration.ts'
export type { PartialRead, PartialSend, PartialTransfer } from './errors/errors.ts'
export type { TransferKind, TransferToken } from './threads/token.ts'

// Observation
export { TRACE_CHANNEL } from './trace.ts'
export type { TraceRecord } from './trace.ts'

// The errors of every call
export { SocketError } from '@uds/winsock-ffi'
export type { Descriptor, PeerCredentials } from '@uds/winsock-ffi'
