/** libcLibrary: the C library of this system, and its errno. */
import { SocketError } from '../../errors/socket-error.ts'
import { defineLibrary, type Library } from '../../binding/library.ts'
import { system } from '../../system.ts'
import { errnoCode } from '../../errors/posix/errno.ts'

/**
 * The C library that Node itself runs on, whichever it is: glibc, musl or libSystem. Its functions are looked up in
 * the process, so no file name has to be guessed.
 */
export const libcLibrary: Library = defineLibrary({
  name: 'libc',
  files: [null],
  unavailable: system === 'win32' ? 'Windows has Winsock instead: use winsock or sockets' : undefined,
  lastError: (backend) => () => backend.errno(),
  toError: (nativeCode, syscall) => new SocketError({ code: errnoCode(nativeCode), syscall, nativeCode }),
})
