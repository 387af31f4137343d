/** The one place where the half of this system is chosen. */
import { own as posix } from './posix/own.ts'
import type { Own } from './own.ts'
import { system } from './system.ts'
import { own as win32 } from './win32/own.ts'

export const own: Own = system === 'win32' ? win32 : posix
