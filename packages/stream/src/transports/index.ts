/** The table of transports by scheme. */
import type { Transport } from '../transport.ts'
import { fd } from './fd.ts'
import { memory } from './memory.ts'
import { pipe } from './pipe.ts'
import { tcp } from './tcp.ts'
import { unix } from './unix.ts'
import { vsock } from './vsock.ts'

/** The transport of each scheme. */
export const transports: Readonly<Record<'unix' | 'pipe' | 'tcp' | 'vsock' | 'memory' | 'fd', Transport>> = {
  unix,
  pipe,
  tcp,
  vsock,
  memory,
  fd,
}
