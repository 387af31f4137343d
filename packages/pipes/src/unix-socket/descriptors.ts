/** sendDescriptors, receiveDescriptors: files and sockets of other processes, beside the bytes of a stream. */
import { invalidArgument, sockets, type Descriptor, type SocketError } from '@uds/winsock-ffi'
import { checkBytes } from '../options/arguments.ts'
import { READ, RESET, WRITE } from '../threads/cells.ts'
import { DirectionLock } from '../threads/direction-lock.ts'
import type { SharedState } from '../threads/state.ts'
import { socketSystem as system } from './system/select.ts'
import { attemptUntil, withoutWaiting, withSocket } from './waiting.ts'

/** The result of {@link UnixStream.receiveDescriptors}. */
export interface ReceivedDescriptors {
  /** Bytes that were read; 0 at the end of the stream. */
  readonly bytes: number
  /** The descriptors that came with them. They are yours: close each. */
  readonly descriptors: readonly Descriptor[]
  /** Descriptors were lost: more came than the caller takes, or this process may open no more (EMFILE). */
  readonly descriptorsTruncated: boolean
}

export const sendDescriptors = (
  state: SharedState,
  data: Uint8Array,
  descriptors: readonly (number | Descriptor)[],
  timeoutMs: number | undefined,
): number => {
  checkBytes(data, 'sendDescriptors', 'the data')
  if (!Array.isArray(descriptors)) {
    throw invalidArgument('sendDescriptors', 'the descriptors', 'an array', descriptors)
  }
  const result = attemptUntil(new DirectionLock(state, WRITE, 'sendmsg', timeoutMs), () =>
    withoutWaiting(() =>
      withSocket(state, 'stream', 'sendmsg', (socket) =>
        sockets.sendMessage(socket, { data, descriptors }, { timeoutMs: 0 }),
      ),
    ),
  )
  if (result < 0) throw system.failed(-result, 'sendmsg')
  return result
}

export const receiveDescriptors = (
  state: SharedState,
  buffer: Uint8Array,
  most: number,
  timeoutMs: number | undefined,
): ReceivedDescriptors => {
  let received: ReceivedDescriptors = { bytes: 0, descriptors: [], descriptorsTruncated: false }
  attemptUntil(new DirectionLock(state, READ, 'recvmsg', timeoutMs), () =>
    withoutWaiting(() => {
      try {
        received = withSocket(state, 'stream', 'recvmsg', (socket) =>
          sockets.receiveMessage(socket, buffer, { maxDescriptors: most, timeoutMs: 0 }),
        )
      } catch (error) {
        // As of a read: the connection that is gone is at its end, and takeError says how it went.
        if ((error as SocketError).code !== 'ECONNRESET') throw error
        state.add(RESET)
      }
      return received.bytes
    }),
  )
  const { bytes, descriptors, descriptorsTruncated } = received
  return { bytes, descriptors, descriptorsTruncated }
}
