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
export type { AncillaryChunk } from './ancillary-chunk.ts'
export { AncillaryListener, listenAncillary } from './ancillary-listener.ts'
export type { AncillaryListenerEvents, ListenAncillaryOptions } from './ancillary-listener.ts'
export { AncillarySocket, connectAncillary } from './ancillary-socket.ts'
export type { AncillaryOptions } from './ancillary-options.ts'
export type { AncillarySocketEvents, SendAncillaryOptions } from './ancillary-socket.ts'
export type { DescriptorListenerEvents, ListenDescriptorsOptions } from './descriptor-listener.ts'
export { HandleListener, listenHandles } from './listener.ts'
export type { HandleListenerEvents, ListenHandlesOptions } from './listener.ts'
export type { SocketSource } from '../inherited/claim-socket.ts'
export { ReceivedHandle } from './received-handle.ts'
export type { HandleKind } from './received-handle.ts'
export { PassedFile } from './passed-file.ts'
export type { Sendable } from '../descriptors/sendable.ts'
