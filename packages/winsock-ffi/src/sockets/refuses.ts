/** refuses: whether an address refuses connections, as a stale socket file does. */
import type { UnixAddress } from '../address/unix-address.ts'
import { system } from '../system.ts'
import { sockets } from './index.ts'

/**
 * A datagram socket asks without a connection that a server would accept: EPROTOTYPE from a live one of another type,
 * ECONNREFUSED from none (unix_find_bsd in net/unix/af_unix.c; unp_connect in bsd/kern/uipc_usrreq.c). Windows has none.
 */
const QUIET = system === 'win32' ? 'stream' : 'datagram'

/**
 * Whether nobody is behind a socket file any more. A server that is busy counts as one, whatever the type of its socket.
 * It does not notice.
 *
 * ## Platform behaviour
 * Windows refuses while a backlog is full, too; and the server finds a connection that is closed.
 */
export const refuses = (address: UnixAddress): boolean => {
  const probe = sockets.open('unix', QUIET)
  try {
    probe.setNonblocking(true)
    sockets.tryConnect(probe, address)
    return false
  } catch (error) {
    return (error as { code?: unknown }).code === 'ECONNREFUSED'
  } finally {
    probe.close()
  }
}
