import { onWindows } from '../system.ts'
import { place as posix } from './posix/place.ts'
import { place as win32 } from './win32/place.ts'

/**
 * Where a bare name lives: the same place for every program of one user, and for nobody else.
 *
 * @param create - Make the place where it is missing; a client only looks.
 * @returns An address: a path of AF_UNIX, or the full name of a pipe.
 */
export const place: (name: string, create: boolean) => string = onWindows ? win32 : posix
