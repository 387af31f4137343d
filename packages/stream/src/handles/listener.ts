/** Listening for HandleChannels. */
import { checkOptions, type SocketHandle, type UnixAddress } from '@uds/winsock-ffi'
import { listenReplacingStale } from '../datagram/bind.ts'
import { toUnixAddress, type UnixAddressLike } from '../datagram/unix-address.ts'
import { channelOptions, HandleChannel, type HandleChannelOptions } from './channel.ts'
import {
  readAuthorize,
  DescriptorListener,
  listenOptionNames,
  type Authorize,
  type DescriptorListenerEvents,
  type ListenDescriptorsOptions,
} from './descriptor-listener.ts'
import { requireDescriptors } from './require-descriptors.ts'

export interface ListenHandlesOptions extends HandleChannelOptions, ListenDescriptorsOptions {}

export type HandleListenerEvents = DescriptorListenerEvents<HandleChannel>

/** Accepts connections of {@link HandleChannel}s. Made by {@link listenHandles}. */
export class HandleListener extends DescriptorListener<HandleChannel> {
  /** @internal */
  constructor(
    handle: SocketHandle,
    address: UnixAddress,
    authorize: Authorize | undefined,
    options: HandleChannelOptions,
  ) {
    super(handle, address, authorize, (client) => HandleChannel.from(client, options))
  }
}

/**
 * Listens for channels. The socket file of a process that ended is replaced.
 *
 * @throws SocketError `EADDRINUSE` when another process has a socket there, or the path names no socket; `ENOENT`,
 *   `EACCES`; `ENOTSUP` on Windows, and where `authorize` cannot ask who a peer is; TypeError and RangeError for wrong
 *   arguments.
 */
export const listenHandles = (
  address: UnixAddressLike,
  options: ListenHandlesOptions = {},
): HandleListener => {
  const where = 'listenHandles'
  requireDescriptors(where)
  checkOptions(options, where, [...channelOptions, ...listenOptionNames])
  const { authorize, backlog, removeStale, ...rest } = options
  const at = toUnixAddress(address, where)
  const allowed = readAuthorize(authorize, where)
  const handle = listenReplacingStale(at, 'stream', { backlog, removeStale }, where)
  return new HandleListener(handle, at, allowed, rest)
}
