/** Listening for AncillarySockets. */
import type { SocketHandle, UnixAddress } from '@uds/winsock-ffi'
import { refuseDescriptors } from '../descriptors/refuse.ts'
import { listenReplacingStale } from '../datagram/bind.ts'
import { toUnixAddress, type UnixAddressLike } from '../datagram/unix-address.ts'
import { ancillarySettings, type AncillaryOptions } from './ancillary-options.ts'
import { AncillarySocket } from './ancillary-socket.ts'
import {
  readAuthorize,
  DescriptorListener,
  listenOptionNames,
  type Authorize,
  type DescriptorListenerEvents,
  type ListenDescriptorsOptions,
} from './descriptor-listener.ts'
import { requireDescriptors } from './require-descriptors.ts'

export interface ListenAncillaryOptions extends AncillaryOptions, ListenDescriptorsOptions {}

export type AncillaryListenerEvents = DescriptorListenerEvents<AncillarySocket>

/** Accepts connections of {@link AncillarySocket}s. Made by {@link listenAncillary}. */
export class AncillaryListener extends DescriptorListener<AncillarySocket> {
  /** @internal */
  constructor(
    handle: SocketHandle,
    address: UnixAddress,
    authorize: Authorize | undefined,
    options: AncillaryOptions,
  ) {
    // What a listener has counts for connections that wait in its backlog, too.
    if (options.maxDescriptors === 0) refuseDescriptors(handle)
    super(handle, address, authorize, (client) => AncillarySocket.from(client, options))
  }
}

/**
 * Listens for connections that carry descriptors. The socket file of a process that ended is replaced.
 *
 * @throws SocketError `EADDRINUSE` when another process has a socket there, or the path names no socket; `ENOENT`,
 *   `EACCES`; `ENOTSUP` on Windows, and where `authorize` cannot ask who a peer is; TypeError and RangeError for wrong
 *   arguments.
 */
export const listenAncillary = (
  address: UnixAddressLike,
  options: ListenAncillaryOptions = {},
): AncillaryListener => {
  const where = 'listenAncillary'
  requireDescriptors(where)
  const { authorize, backlog, removeStale, ...rest } = options
  ancillarySettings(where, options, listenOptionNames)
  const at = toUnixAddress(address, where)
  const allowed = readAuthorize(authorize, where)
  const handle = listenReplacingStale(at, 'stream', { backlog, removeStale }, where)
  return new AncillaryListener(handle, at, allowed, rest)
}
