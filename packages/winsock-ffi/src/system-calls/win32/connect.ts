/** connectWithin of Windows: connect with a timeout, by WSAEventSelect. */
import { FD_CONNECT, FD_MAX_EVENTS, FIONBIO, WSA_INFINITE, WSA_WAIT_TIMEOUT } from '../../constants/win32.ts'
import { winsock } from '../../libraries/win32/prototypes.ts'

const WSAEWOULDBLOCK = 10035
const WSAETIMEDOUT = 10060
/** FD_CONNECT is bit 4, which is also its place in iErrorCode. */
const FD_CONNECT_BIT = 4

/**
 * Connects and waits. WSAPoll of Windows before 10 2004 never reports that a connect has failed
 * (https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsapoll, Remarks), so FD_CONNECT is waited for.
 */
export const connectWithin = (socket: number, address: Uint8Array, timeoutMs: number): number => {
  const event = winsock.WSACreateEvent()
  try {
    winsock.WSAEventSelect(socket, event, FD_CONNECT)
    const begun = winsock.connect.attempt(socket, address, address.length)
    if (-begun !== WSAEWOULDBLOCK) return begun
    const wait = timeoutMs < 0 ? WSA_INFINITE : Math.ceil(timeoutMs)
    const handles = BigInt64Array.of(BigInt(event))
    if (winsock.WSAWaitForMultipleEvents(1, handles, 0, wait, 0) === WSA_WAIT_TIMEOUT) return -WSAETIMEDOUT
    // struct WSANETWORKEVENTS { long lNetworkEvents; int iErrorCode[FD_MAX_EVENTS]; }
    const happened = new Int32Array(1 + FD_MAX_EVENTS)
    winsock.WSAEnumNetworkEvents(socket, event, happened)
    return -happened[1 + FD_CONNECT_BIT]!
  } finally {
    winsock.WSAEventSelect(socket, 0, 0)
    winsock.ioctlsocket(socket, FIONBIO, Uint32Array.of(1))
    winsock.WSACloseEvent(event)
  }
}
