/** The one place where the half of this system is chosen. */
import type { Place } from '../../local/place.ts'
import { place as posixPlace } from '../../local/posix/place.ts'
import { socketSystem as posix } from './posix.ts'
import { guarded as posixGuarded } from '../../file-lock/posix.ts'
import type { SocketSystem } from './socket-system.ts'
import { guarded as win32Guarded } from '../../file-lock/win32.ts'
import { place as win32Place } from '../../local/win32/place.ts'
import { socketSystem as win32 } from './win32.ts'

/** True where named pipes are the natural local stream. */
export const onWindows: boolean = process.platform === 'win32'

/** How AF_UNIX sockets wait here. */
export const socketSystem: SocketSystem = onWindows ? win32 : posix

/** Where a bare name lives here. */
export const place: Place = onWindows ? win32Place : posixPlace

/** Runs an action while no other process of this kind works on the same socket file. */
export const guarded: <T>(path: string, action: () => T) => T = onWindows ? win32Guarded : posixGuarded
