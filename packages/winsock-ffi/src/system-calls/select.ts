/** The one place where the half of this system is chosen. */
import type { Socket, SocketConstructorOpts } from 'node:net'
import type { Native } from './system-calls.ts'
import { intoLoop as posixIntoLoop } from '../loop/posix.ts'
import { native as posix } from './posix/sockets.ts'
import { waiter as posixWaiter } from '../watch/posix.ts'
import type { SockaddrLayout } from '../address/sockaddr.ts'
import { system } from '../system.ts'
import type { Waiter } from '../watch/poll-backend.ts'
import { intoLoop as win32IntoLoop } from '../loop/win32.ts'
import { native as win32 } from './win32/sockets.ts'
import { waiter as win32Waiter } from '../watch/win32.ts'

const onWindows = system === 'win32'

export const native: Native = onWindows ? win32 : posix

export const layout: SockaddrLayout = native.layout

/** How a worker thread waits. */
export const waiter: Waiter = onWindows ? win32Waiter : posixWaiter

/** Gives a connected stream to Node's loop. */
export const intoLoop: (fd: number, options: SocketConstructorOpts) => Socket = onWindows
  ? win32IntoLoop
  : posixIntoLoop
