/** Waits by events, in a thread of wait-pool.ts, so that the pipe belongs to no completion port and libuv can still have it. */
import { ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, kernel32 } from '@uds/pipes/win32'
import type { InstanceWaiter } from './instance-waiter.ts'
import { Overlapped, resultOf } from './operation.ts'
import { waitForEvents } from './wait-pool.ts'

interface Slot {
  readonly event: number
  readonly overlapped: Overlapped
  handle: number
  done: ((error: number) => void) | undefined
}

const makeSlot = (): Slot => {
  // Manual-reset, as ConnectNamedPipe wants it.
  const event = kernel32.CreateEventW(null, 1, 0, null)
  return { event, overlapped: new Overlapped(event), handle: -1, done: undefined }
}

const settle = (slot: Slot, error: number): void => {
  const { done } = slot
  slot.done = undefined
  done?.(error)
}

const release = ({ event, overlapped }: Slot): void => {
  kernel32.CloseHandle.attempt(event)
  // The system may still write into one that it has not given back: then it is lost, and not freed.
  if (!overlapped.isPending) overlapped.free()
}

/** @param count - How many slots there are, as many as `MOST_EVENTS` of wait-pool.ts at most. */
export const eventWaiter = (count: number, failed: (error: Error) => void): InstanceWaiter => {
  const slots = Array.from({ length: count }, makeSlot)
  const told = (index: number): void => {
    const slot = slots[index]!
    if (!slot.done) return
    const result = resultOf(slot.handle, slot.overlapped)
    if (-result !== ERROR_IO_INCOMPLETE) settle(slot, result < 0 ? -result : 0)
  }
  const waited = waitForEvents({ events: slots.map(({ event }) => event), told, failed, referenced: true })
  return {
    ready: waited.ready,
    attach: () => {},
    wait: (index, handle, done) => {
      const slot = slots[index]!
      slot.handle = handle
      slot.done = done
      const begun = kernel32.ConnectNamedPipe.attempt(handle, slot.overlapped.address)
      if (-begun === ERROR_IO_PENDING) return
      // It is over at once, and no event tells it.
      setImmediate(() => settle(slot, begun < 0 ? -begun : 0))
    },
    ref: () => waited.ref(),
    unref: () => waited.unref(),
    close: async () => {
      for (const slot of slots) slot.done = undefined
      await waited.end()
      for (const slot of slots) release(slot)
    },
  }
}
