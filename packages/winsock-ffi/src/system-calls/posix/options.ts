/** The socket options of Linux and macOS: level, number, type. */
import type { OptionRow } from '../system-calls.ts'
import { constants as c, linux, onDarwin } from '../../constants/posix.ts'

const both = {
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
} as const satisfies Record<string, OptionRow>

export const options: Readonly<Record<string, OptionRow | undefined>> = onDarwin
  ? both
  : {
      ...both,
      SO_PASSCRED: { level: linux.SOL_SOCKET, name: linux.SO_PASSCRED, kind: 'boolean' },
      SO_PASSRIGHTS: { level: linux.SOL_SOCKET, name: linux.SO_PASSRIGHTS, kind: 'boolean' },
    }
