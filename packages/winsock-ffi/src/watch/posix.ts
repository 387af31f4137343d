import { READABLE } from '../system-calls/system-calls.ts'
import type { Waiter } from './poll-backend.ts'
import { constants as c } from '../constants/posix.ts'
import { native } from '../system-calls/posix/sockets.ts'

/** The worker polls the socket and one end of a socketpair; a byte from the other end wakes it. */
export const waiter: Waiter = {
  create: (fd, interest) => {
    const [wake, worker] = native.pair(c.SOCK_STREAM)
    return {
      shared: [fd, interest, worker],
      arm: () => {},
      // Poll again here: what the worker saw may be over.
      collect: () => Math.max(0, native.pollOne(fd, interest, 0)),
      wake: () => {
        native.send(wake, Uint8Array.of(1), c.MSG_DONTWAIT)
      },
      detach: () => {},
      dispose: () => {
        native.close(wake)
        native.close(worker)
      },
    }
  },
  block: ([fd = -1, interest = 0, wake = -1], sliceMs) => {
    const ready: number[] = []
    const result = native.poll([fd, wake], [interest, READABLE], sliceMs, ready)
    if (result <= 0) return 'nothing'
    return ready[1] ? 'woken' : 'ready'
  },
}
