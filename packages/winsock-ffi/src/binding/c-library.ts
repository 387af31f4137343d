/** The C library, for backends that cannot look into the process itself, and where it keeps errno. */
import { system } from '../system.ts'

/** Under this name musl knows itself, too (load_library in ldso/dynlink.c). */
export const C_LIBRARY: string = system === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6'

/** The function that returns the address of the calling thread's errno: errno(3) of glibc and musl, <sys/errno.h> of macOS. */
export const ERRNO_LOCATION: string = system === 'darwin' ? '__error' : '__errno_location'
