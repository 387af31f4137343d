/**
 * Open files, sockets and pipes, sent from process to process.
 *
 * @packageDocumentation
 */
export { HandleChannel } from './channel.ts'
export type {
  HandleChannelEvents,
  HandleChannelOptions,
  Received,
  ReceiveHandleOptions,
  SendHandleOptions,
} from './channel.ts'
export { HandleListener, listenHandles } from './listener.ts'
export type { HandleListenerEvents, ListenHandlesOptions } from './listener.ts'
export type { SocketSource } from '../inherited/claim-socket.ts'
export { ReceivedHandle } from './received-handle.ts'
export type { HandleKind } from './received-handle.ts'
export { PassedFile } from './passed-file.ts'
export type { Sendable } from '../descriptors/sendable.ts'
