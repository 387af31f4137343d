/** Waits for clients by the completion port that their connections will use. */
import { kernel32 } from '@uds/pipes/win32'
import type { InstanceWaiter } from './instance-waiter.ts'
import { resultOf } from './operation.ts'
import { attach, detach, hold, letGo, perform, pumping } from './port.ts'

export const portWaiter = (): InstanceWaiter => {
  let referenced = true
  let closed = false
  hold()
  return {
    // There is a thread once a handle is attached.
    get ready() {
      return pumping()
    },
    attach,
    wait: (_slot, handle, done) => {
      const error = perform(
        (overlapped) => kernel32.ConnectNamedPipe.attempt(handle, overlapped),
        undefined,
        (overlapped) => {
          if (closed) return
          const result = resultOf(handle, overlapped)
          done(result < 0 ? -result : 0)
        },
      )
      if (error !== 0) setImmediate(() => !closed && done(error))
    },
    ref: () => {
      if (!referenced && !closed) hold()
      referenced = true
    },
    unref: () => {
      if (referenced && !closed) letGo()
      referenced = false
    },
    close: async () => {
      if (closed) return
      closed = true
      if (referenced) letGo()
    },
  }
}

export { detach }
