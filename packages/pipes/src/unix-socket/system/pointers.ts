/** pointers: the address of a buffer that is used again and again. */
import { addressOf, type Pointer } from '@uds/winsock-ffi/internal'

/** A larger buffer is not kept from the garbage collector; beside its copy, the address is nothing. */
const LARGEST = 65_536

/**
 * A program that exchanges messages passes the same buffer to each call, and to find its memory anew costs koffi twice what
 * an address does. The address holds as long as the view has a length: one whose memory went elsewhere has none.
 *
 * @returns What to pass to the system for a view with a length: its address from its second time in a row on.
 */
export const pointers = (): ((view: Uint8Array) => Pointer) => {
  let last: Uint8Array | undefined
  let address: bigint | undefined
  return (view) => {
    if (view !== last) {
      last = view.buffer.byteLength <= LARGEST ? view : undefined
      address = undefined
      return view
    }
    return (address ??= view.length > 0 ? addressOf(view) : undefined) ?? view
  }
}
