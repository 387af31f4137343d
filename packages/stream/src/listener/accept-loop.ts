/** Accepting connections of a listening socket that Node has no class for, or is kept from. */
import { sockets, watch, type SocketHandle, type Watcher } from '@uds/winsock-ffi'

/** The process or the system has no room for another connection just now; trying at once would only spin. */
const FULL = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])
const PAUSE_MS = 100

/** Connections taken in one turn of the loop, so that those that are there get theirs. */
const MOST_PER_TURN = 64

export interface AcceptLoop {
  /** Accepts no more until `resume`: peers wait in the backlog. */
  pause(): void
  resume(): void
  /** Takes all who wait now. */
  drain(): void
  ref(): void
  unref(): void
  /** Ends accepting; the listening socket stays open. */
  close(): void
}

/**
 * Accepts until it is closed. Where the system has no room it pauses, tells it once, and goes on when there is: who
 * comes meanwhile waits in the backlog.
 *
 * @param listener - Non-blocking, and somebody else's to close.
 * @param take - Gets each connection, and owns it.
 * @param failed - Is told of what goes wrong.
 * @throws SocketError as `watch`.
 */
export const acceptLoop = (
  listener: SocketHandle,
  take: (client: SocketHandle) => void,
  failed: (error: Error) => void,
): AcceptLoop => {
  let watcher: Watcher | undefined
  let timer: NodeJS.Timeout | undefined
  let referenced = true
  let full = false

  const isOn = (): boolean => watcher !== undefined
  const pause = (): void => {
    watcher?.close()
    watcher = undefined
    clearTimeout(timer)
    timer = undefined
  }
  const rest = (): void => {
    pause()
    timer = setTimeout(goOn, PAUSE_MS)
    if (!referenced) timer.unref()
  }
  const goOn = (): void => {
    try {
      resume()
    } catch (error) {
      rest()
      failed(error as Error)
    }
  }
  const onFailure = (error: Error): void => {
    if (!FULL.has((error as NodeJS.ErrnoException).code ?? '')) {
      failed(error)
      return
    }
    rest()
    if (!full) failed(error)
    full = true
  }
  const drain = (most: number): void => {
    try {
      // Whoever took the last one may have paused or closed this.
      for (let count = 0; count < most && isOn(); count += 1) {
        const client = sockets.tryAccept(listener)
        if (!client) return
        full = false
        take(client)
      }
    } catch (error) {
      onFailure(error as Error)
    }
  }
  const resume = (): void => {
    if (isOn() || listener.closed) return
    clearTimeout(timer)
    timer = undefined
    watcher = watch(listener, { readable: true }, (error) => {
      if (!error) drain(MOST_PER_TURN)
      else {
        // The socket is not watched any more. Another try may fare better; if not, it is not one in a tight circle.
        rest()
        failed(error)
      }
    })
    if (!referenced) watcher.unref()
  }

  resume()
  return {
    pause,
    resume,
    drain: () => drain(Infinity),
    ref: () => {
      referenced = true
      watcher?.ref()
      timer?.ref()
    },
    unref: () => {
      referenced = false
      watcher?.unref()
      timer?.unref()
    },
    close: pause,
  }
}
