/** The one place where the half of this system is chosen. */
import type { Place } from './local/place.ts'
import { place as posixPlace } from './posix/place.ts'
import { socketSystem as posix } from './posix/socket-system.ts'
import { guarded as posixGuarded } from './posix/guard.ts'
import type { SocketSystem } from './unix/socket-system.ts'
import { guarded as win32Guarded } from './win32/guard.ts'
import { place as win32Place } from './win32/place.ts'
import { socketSystem as win32 } from './win32/socket-system.ts'

/** True where named pipes are the natural local stream. */
export const onWindows: boolean = process.platform === 'win32'

/** How AF_UNIX sockets wait here. */
export const socketSystem: SocketSystem = onWindows ? win32 : posix

/** Where a bare name lives here. */
export const place: Place = onWindows ? win32Place : posixPlace

/** Runs an action while no other process of this kind works on the same socket file. */
export const guarded: <T>(path: string, action: () => T) => T = onWindows ? win32Guarded : posixGuarded
