import { onWindows } from '../system.ts'
import { withFileLock as posix } from './posix.ts'
import { withFileLock as win32 } from './win32.ts'

/** Runs an action while no other process of this kind works on the same socket file. */
export const withFileLock: <T>(path: string, action: () => T) => T = onWindows ? win32 : posix
