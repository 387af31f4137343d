/** accept(2) on a watched listening socket, for sockets that no net.Server has; pauses while descriptors run out. */
import { sockets, watch, type SocketHandle, type Watcher } from '@uds/winsock-ffi'
import { isScarcity } from '@uds/winsock-ffi/internal'

/** Milliseconds of the pause when the process or the system is out of descriptors or memory. */
const PAUSE_MS = 100

/** Connections accepted in one turn of the loop, so that open connections are served in between. */
const MOST_PER_TURN = 64

export interface AcceptLoop {
  /** Accepts no more until `resume`: peers wait in the backlog. */
  pause(): void
  resume(): void
  /** Accepts every connection in the backlog. */
  drain(): void
  ref(): void
  unref(): void
  /** Ends accepting; the listening socket stays open. */
  close(): void
}

/**
 * Accepts until it is closed. While descriptors or memory run out it pauses, after one call of `onError`; clients wait
 * in the backlog meanwhile.
 *
 * @param listener - Non-blocking; the caller closes it.
 * @param onConnection - Receives each connection, and owns it.
 * @param onError - Receives the errors of accept(2) and of watching.
 * @throws SocketError as `watch`.
 */
export const startAcceptLoop = (
  listener: SocketHandle,
  onConnection: (client: SocketHandle) => void,
  onError: (error: Error) => void,
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
  const pauseForAWhile = (): void => {
    pause()
    timer = setTimeout(retry, PAUSE_MS)
    if (!referenced) timer.unref()
  }
  const retry = (): void => {
    try {
      resume()
    } catch (error) {
      pauseForAWhile()
      onError(error as Error)
    }
  }
  const onFailure = (error: Error): void => {
    if (!isScarcity(error)) {
      onError(error)
      return
    }
    pauseForAWhile()
    if (!full) onError(error)
    full = true
  }
  const drain = (most: number): void => {
    try {
      // The receiver of the last one may have paused or closed this.
      for (let count = 0; count < most && isOn(); count += 1) {
        const client = sockets.tryAccept(listener)
        if (!client) return
        full = false
        onConnection(client)
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
        // The socket is not watched any more: watching begins again after a pause.
        pauseForAWhile()
        onError(error)
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
