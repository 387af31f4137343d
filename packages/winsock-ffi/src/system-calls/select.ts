/** systemCalls: the twin of this system. */
import { system } from '../system.ts'
import { systemCalls as posix } from './posix/sockets.ts'
import type { SystemCalls } from './system-calls.ts'
import { systemCalls as win32 } from './win32/sockets.ts'

/** The system calls of this system. */
export const systemCalls: SystemCalls = system === 'win32' ? win32 : posix
