/** socketSystem: the twin of this system. */
import { onWindows } from '../../system.ts'
import { socketSystem as posix } from './posix.ts'
import type { SocketSystem } from './socket-system.ts'
import { socketSystem as win32 } from './win32.ts'

/** How AF_UNIX sockets wait on this system. */
export const socketSystem: SocketSystem = onWindows ? win32 : posix
