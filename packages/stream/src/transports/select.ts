/** The twin for this system: the only place that chooses. */
import { platform as posix } from './posix.ts'
import type { PlatformTransports } from './platform.ts'
import { system } from '@uds/winsock-ffi/internal'
import { platform as win32 } from './win32.ts'

export const platform: PlatformTransports = system === 'win32' ? win32 : posix
