/** refuses: whether an address refuses connections, as a stale socket file does. */
import type { UnixAddress } from '../address/unix-address.ts'
import type { SocketType } from '../system-calls/system-calls.ts'
import { sockets } from './index.ts'

/**
 * Whether nobody is behind a socket file any more. A server that is busy counts as one, and so does a socket of another type.
 *
 * ## Platform behaviour
 * Windows refuses while a backlog is full, too.
 */
export const refuses = (address: UnixAddress, type: SocketType): boolean => {
  const probe = sockets.open('unix', type)
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
