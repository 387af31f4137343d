/** pollBackend of POSIX: poll(2) in a worker thread, woken through a socketpair. */
import { READABLE } from '../system-calls/system-calls.ts'
import type { PollBackend } from './poll-backend.ts'
import { constants as c } from '../constants/posix.ts'
import { systemCalls } from '../system-calls/posix/sockets.ts'

/** The worker polls the socket and one end of a socketpair; a byte from the other end wakes it. */
export const pollBackend: PollBackend = {
  create: (fd, interest) => {
    const [wake, worker] = systemCalls.pair(c.SOCK_STREAM)
    return {
      shared: [fd, interest, worker],
      arm: () => {},
      // Poll again here: what the worker saw may be over.
      collect: () => Math.max(0, systemCalls.pollOne(fd, interest, 0)),
      wake: () => {
        systemCalls.send(wake, Uint8Array.of(1), c.MSG_DONTWAIT)
      },
      detach: () => {},
      dispose: () => {
        systemCalls.close(wake)
        systemCalls.close(worker)
      },
    }
  },
  block: ([fd = -1, interest = 0, wake = -1], sliceMs) => {
    const ready: number[] = []
    const result = systemCalls.poll([fd, wake], [interest, READABLE], sliceMs, ready)
    if (result <= 0) return 'nothing'
    return ready[1] ? 'woken' : 'ready'
  },
}
