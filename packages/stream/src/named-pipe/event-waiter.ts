/** Waits for clients by events in a thread of wait-pool.ts: the pipe joins no completion port, so libuv can adopt it. */
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
  // Manual-reset, as ConnectNamedPipe requires.
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
  // The system may still write into a pending OVERLAPPED: it is leaked rather than freed.
  if (!overlapped.isPending) overlapped.free()
}

/** @param count - The number of slots, at most `MOST_EVENTS` of wait-pool.ts. */
export const eventWaiter = (count: number, onError: (error: Error) => void): InstanceWaiter => {
  const slots = Array.from({ length: count }, makeSlot)
  const onSet = (index: number): void => {
    const slot = slots[index]!
    if (!slot.done) return
    const result = resultOf(slot.handle, slot.overlapped)
    if (-result !== ERROR_IO_INCOMPLETE) settle(slot, result < 0 ? -result : 0)
  }
  const events = waitForEvents({ events: slots.map(({ event }) => event), onSet, onError, referenced: true })
  return {
    ready: events.ready,
    attach: () => {},
    wait: (index, handle, done) => {
      const slot = slots[index]!
      slot.handle = handle
      slot.done = done
      const begun = kernel32.ConnectNamedPipe.attempt(handle, slot.overlapped.address)
      if (-begun === ERROR_IO_PENDING) return
      // It has ended at once, and no event is set.
      setImmediate(() => settle(slot, begun < 0 ? -begun : 0))
    },
    ref: () => events.ref(),
    unref: () => events.unref(),
    close: async () => {
      for (const slot of slots) slot.done = undefined
      await events.end()
      for (const slot of slots) release(slot)
    },
  }
}
