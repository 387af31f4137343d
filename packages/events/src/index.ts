/**
 * Typed events, acknowledged messages, requests and streams between programs on one machine, over any transport.
 *
 * @packageDocumentation
 */

// The two ends
export { EventServer } from './server/server.ts'
export type { ServerEvents, ServerOptions } from './server/options.ts'
export type { BroadcastOptions, RoomTarget } from './server/broadcast.ts'
export type { Adapter, AdapterHost, AdapterPeer, RoomBroadcast } from './server/adapter.ts'
export { ServerPeer } from './server/peer.ts'
export { RemotePeer } from './server/remote.ts'
export type { RemoteCall, RemoteClient, RemoteSend } from './server/remote.ts'
export { EventClient } from './client/client.ts'
export type { ClientEvents, ClientOptions } from './client/options.ts'
export type { Calls } from './end/calls.ts'
export type { EventEnd, HandlerResult } from './end/event-end.ts'
export { EventNode } from './node/event-node.ts'
export type { NodeEvents, NodeOptions, NodeRole } from './node/options.ts'
export type { EndOptions } from './end/options.ts'
export type { ProtocolOption } from './wire/handshake-messages.ts'
export type { QueueOptions, QueuePolicy } from './channel/frame-queue.ts'
export type { NamedPeer } from './client/named-peer.ts'
export type { PeerChange } from './client/peer-watch.ts'
export type { ReconnectOptions } from './client/reconnect.ts'
export type { JournalOptions } from './journal/database.ts'
export type { ConnectingClient, Authorizer } from './server/authorize.ts'

// What listeners and handlers get
export { DeferError } from './errors/errors.ts'
export type { Delivery, RequestContext } from './handlers/handler.ts'
export type { IncomingMessage, Middleware } from './handlers/middleware.ts'
export type { StreamedEvent } from './handlers/event-stream.ts'

// Work queues
export type { Job } from './work-queues/job.ts'
export type { WorkEvents, WorkOptions, WorkQueue } from './work-queues/work-queue.ts'
export type { WorkContext, Worker, WorkerOptions, WorkHandler } from './work-queues/worker.ts'

// Types of maps
export type {
  AnyMap,
  CheckedMap,
  ClientRequests,
  EventName,
  EventPattern,
  Input,
  Item,
  MapSection,
  MatchingName,
  Passed,
  ReadableStreamOf,
  Reply,
  RequestName,
  RequestOptions,
  ServerRequests,
  StreamName,
  StreamOptions,
  ToClient,
  ToServer,
  Work,
} from './map.ts'
export { contract } from './contract/contract.ts'
export type { Contract, ContractSchemas, InferMap, RequestSchemas } from './contract/contract.ts'
export type { StandardSchema } from './contract/standard-schema.ts'
export { reservedNames } from './names.ts'
export type { ReservedName } from './names.ts'

// How data is written
export { json } from './codecs/json.ts'
export { msgpack } from './codecs/msgpack.ts'
export { raw } from './codecs/raw.ts'
export { structuredClone } from './codecs/structured-clone.ts'
export type { BinaryCodec, Codec, CodecLimits, TextCodec } from './codecs/codec.ts'
export type { CodecName } from './codecs/select.ts'

// unixevents mode
export { createClient, createServer, Linker, Role, UnixEvents } from './unixevents/index.ts'
export type {
  EventListener,
  LinkerCloseOptions,
  LinkerOptions,
  PayloadMode,
  SendCallback,
  Upgrade,
} from './unixevents/index.ts'

// Lines
export { LineServer, LineServer as UnixSocket } from './lines/line-server.ts'
export { LineClient } from './lines/line-client.ts'
export type { LineHandler, LineServerOptions } from './lines/line-server.ts'
export type { LineClientOptions, SendAndWaitOptions } from './lines/line-client.ts'
export type { LineLogger } from './lines/logger.ts'
export type { WaitOptions } from './lines/deadline.ts'

// What goes wrong
export { RemoteError } from './errors/errors.ts'
export type { EventsErrorCode } from './errors/errors.ts'
export { SocketError } from '@uds/winsock-ffi'
export type { UpgradeRequest, WebSocketOptions } from './web-sockets/accept.ts'
export type { WebSocketLike } from './web-sockets/web-socket-duplex.ts'
