/** refuseDescriptors: a socket that wants none, so that the kernel turns senders away. */
import { sockets, type SocketHandle } from '@uds/winsock-ffi'
import { codeOf } from '@uds/winsock-ffi/internal'

/** Older kernels and other systems let them come, and the receiver closes them. */
export const refuseDescriptors = (handle: SocketHandle): void => {
  try {
    sockets.setOption(handle, 'SO_PASSRIGHTS', false)
  } catch (error) {
    if (codeOf(error) !== 'ENOPROTOOPT') throw error
  }
}
