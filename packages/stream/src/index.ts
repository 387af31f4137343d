/**
 * Async local sockets that are real net.Sockets, on every system, over any transport.
 *
 * @packageDocumentation
 */

// The doors
export { connect } from './connect.ts'
export type { ConnectDoorOptions } from './connect.ts'
export { listen } from './listen.ts'
export type { ListenDoorOptions } from './listen.ts'
export { connectOrStart } from './rendezvous/connect-or-start.ts'
export type { ConnectOrStartOptions } from './rendezvous/connect-or-start.ts'
export type { Start } from './rendezvous/started.ts'
export { listenOrConnect } from './rendezvous/listen-or-connect.ts'
export type { ListenOrConnectOptions, ListenOrConnectResult } from './rendezvous/listen-or-connect.ts'
export { temporaryAddress } from './rendezvous/temporary-address.ts'
export type { TemporaryAddress } from './rendezvous/temporary-address.ts'
export { launchdSockets } from './inherited/launchd.ts'
export { listenFds } from './inherited/listen-fds.ts'
export type { DescriptorKind } from './inherited/kind.ts'
export type { PassedSocket } from './inherited/listen-fds.ts'
export { peerCredentials, peerGroups, peerLabel, peerPidfd, provideCredentials } from './peer/credentials.ts'

// Addresses
export { formatAddress, parseAddress } from '@uds/winsock-ffi/internal'
export type {
  AbstractAddress,
  Address,
  FdAddress,
  MemoryAddress,
  NameAddress,
  ParseOptions,
  PipeAddress,
  SocketAddressObject,
  SocketAddressText,
  TcpAddress,
  VsockTextAddress,
  UnixPathAddress,
} from '@uds/winsock-ffi/internal'

// Transports
export { fd } from './transports/fd.ts'
export { memory } from './transports/memory.ts'
export { pipe } from './transports/pipe.ts'
export { tcp } from './transports/tcp.ts'
export { unix } from './transports/unix.ts'
export { vsock } from './transports/vsock.ts'
export { SocketConnection } from './native-socket/socket-connection.ts'
export type {
  Authorize,
  CloseOptions,
  ConnectOptions,
  DropReason,
  Listener,
  ListenerEvents,
  ListenOptions,
  PipeSecurity,
  Transport,
  TransportCapabilities,
} from './transport.ts'

// Transports made of transports
export { withLimits } from './compose/limits.ts'
export type { Limits } from './compose/limits.ts'
export { withRoute } from './compose/route.ts'
export type { Destination, Routes } from './compose/route.ts'
export { withTls } from './compose/tls.ts'
export type { TlsTransportOptions } from './compose/tls.ts'
export { withTrace } from './compose/trace.ts'
export type { TraceEvent } from './compose/trace.ts'

// For transports of other packages
export { ConnectionListener } from './listener/connection-listener.ts'
export type { ListenerSource } from './listener/connection-listener.ts'

// Counters and diagnostics
export { counters } from './observing/counters.ts'
export type { Counters } from './observing/counters.ts'
export type { AcceptMessage, ConnectMessage, ErrorMessage } from './observing/diagnostics.ts'

// asyncio's streams (AIoWUDS)
export { StreamReader } from './asyncio/reader.ts'
export type { ReadOptions, Separator, StreamReaderOptions } from './asyncio/reader.ts'
export { StreamWriter } from './asyncio/writer.ts'
export type { ExtraInfo, ExtraInfoSource } from './asyncio/writer.ts'
export { openUnixConnection, startUnixServer, WindowsUnixServer } from './asyncio/server.ts'
export type { ClientConnected, OpenUnixConnectionOptions, UnixServerOptions } from './asyncio/server.ts'
export { IncompleteReadError, LimitOverrunError } from './asyncio/errors.ts'

// Web streams
export { toWeb } from './web/to-web.ts'
export type { WebConnection } from './web/to-web.ts'

// From the layer below
export { SocketError } from '@uds/winsock-ffi'
export type { PeerCredentials } from '@uds/winsock-ffi'
