/** pollBackend of Windows: WSAEventSelect in a worker thread, and an event that wakes it. */
import { READABLE, WRITABLE } from '../system-calls/system-calls.ts'
import type { PollBackend } from './poll-backend.ts'
import * as c from '../constants/win32.ts'
import { winsock } from '../libraries/win32/prototypes.ts'
import { systemCalls } from '../system-calls/win32/sockets.ts'

/**
 * The worker waits for two events: one that WSAEventSelect signals, and one to wake it. An event is recorded when
 * something happens, FD_WRITE only after a send has found no room: so each wait begins with a look at what is true
 * already, which makes it level-triggered.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsaeventselect
 */
export const pollBackend: PollBackend = {
  create: (socket, interest) => {
    const ready = winsock.WSACreateEvent()
    const wake = winsock.WSACreateEvent()
    const events =
      c.FD_CLOSE |
      (interest & READABLE ? c.FD_READ | c.FD_ACCEPT : 0) |
      (interest & WRITABLE ? c.FD_WRITE | c.FD_CONNECT : 0)
    return {
      shared: [wake, ready],
      arm: () => {
        winsock.WSAResetEvent(ready)
        winsock.WSAEventSelect(socket, ready, events)
        if (systemCalls.pollOne(socket, interest, 0) > 0) winsock.WSASetEvent(ready)
      },
      collect: () => {
        // struct WSANETWORKEVENTS { long lNetworkEvents; int iErrorCode[FD_MAX_EVENTS]; }
        const happened = new Int32Array(1 + c.FD_MAX_EVENTS)
        winsock.WSAEnumNetworkEvents(socket, ready, happened)
        const bits = happened[0]!
        const closed = bits & c.FD_CLOSE ? READABLE | WRITABLE : 0
        return Math.max(0, systemCalls.pollOne(socket, interest, 0)) | closed
      },
      wake: () => {
        winsock.WSASetEvent(wake)
      },
      detach: () => {
        winsock.WSAEventSelect.attempt(socket, 0, 0)
      },
      dispose: () => {
        winsock.WSACloseEvent(ready)
        winsock.WSACloseEvent(wake)
      },
    }
  },
  block: (shared, sliceMs) => {
    const handles = BigInt64Array.from(shared, BigInt)
    const result = winsock.WSAWaitForMultipleEvents(handles.length, handles, 0, sliceMs, 0)
    if (result === c.WSA_WAIT_TIMEOUT) return 'nothing'
    return result === c.WSA_WAIT_EVENT_0 ? 'woken' : 'ready'
  },
}
