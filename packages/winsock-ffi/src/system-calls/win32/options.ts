/** The socket options of Windows: level, number, type. */
import type { OptionRow } from '../system-calls.ts'
import * as c from '../../constants/win32.ts'

export const options: Readonly<Record<string, OptionRow | undefined>> = {
  SO_REUSEADDR: { level: c.SOL_SOCKET, name: c.SO_REUSEADDR, kind: 'boolean' },
  SO_KEEPALIVE: { level: c.SOL_SOCKET, name: c.SO_KEEPALIVE, kind: 'boolean' },
  SO_BROADCAST: { level: c.SOL_SOCKET, name: c.SO_BROADCAST, kind: 'boolean' },
  SO_SNDBUF: { level: c.SOL_SOCKET, name: c.SO_SNDBUF, kind: 'int' },
  SO_RCVBUF: { level: c.SOL_SOCKET, name: c.SO_RCVBUF, kind: 'int' },
  SO_LINGER: { level: c.SOL_SOCKET, name: c.SO_LINGER, kind: 'linger' },
  SO_TYPE: { level: c.SOL_SOCKET, name: c.SO_TYPE, kind: 'int', readOnly: true },
  SO_ACCEPTCONN: { level: c.SOL_SOCKET, name: c.SO_ACCEPTCONN, kind: 'boolean', readOnly: true },
  SO_ERROR: { level: c.SOL_SOCKET, name: c.SO_ERROR, kind: 'error', readOnly: true },
  TCP_NODELAY: { level: c.IPPROTO_TCP, name: c.TCP_NODELAY, kind: 'boolean' },
  IPV6_V6ONLY: { level: c.IPPROTO_IPV6, name: c.IPV6_V6ONLY, kind: 'boolean' },
}
