/** ensureWsaStarted: WSAStartup, once in this process. */
import { system } from '../../system.ts'
import { winsock } from './prototypes.ts'

let started = false

/**
 * Starts Winsock 2.2 for this process, once. Free when repeated; does nothing off Windows. There is no clean-up to
 * match: libuv keeps Winsock started for as long as the process lives.
 *
 * @throws SocketError `ENETDOWN` when the network subsystem is not ready.
 * @see https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsastartup
 */
export const ensureWsaStarted = (): void => {
  if (started || system !== 'win32') return
  // struct WSADATA has 408 bytes on 64-bit Windows, 400 on 32-bit.
  winsock.WSAStartup(0x0202, new Uint8Array(408))
  started = true
}
