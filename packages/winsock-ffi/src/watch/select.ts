/** pollBackend: the twin of this system. */
import { system } from '../system.ts'
import type { PollBackend } from './poll-backend.ts'
import { pollBackend as posix } from './posix.ts'
import { pollBackend as win32 } from './win32.ts'

/** How a worker thread waits on this system. */
export const pollBackend: PollBackend = system === 'win32' ? win32 : posix
