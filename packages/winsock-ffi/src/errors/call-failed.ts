/** The error of a failed socket call: what is really at the path, and what to do. */
import { lstatSync } from 'node:fs'
import { adviceFor } from './advice.ts'
import { SocketError } from './socket-error.ts'

/** What a failed call was about, for the message, and for the codes that depend on it. */
export interface ErrorSubject {
  /** As `UnixAddress.toString` and `InetAddress.toString` print it. */
  readonly address: string
  /** The path of an AF_UNIX address in the file system. */
  readonly path: string | undefined
}

/**
 * What is at the path, in words; undefined for nothing or an ordinary socket file. Windows refuses to look at the
 * socket files of AF_UNIX (libuv answers EACCES), so there only the others can be named.
 */
const inTheWay = (path: string): string | undefined => {
  try {
    const found = lstatSync(path)
    if (found.isDirectory()) return 'a directory'
    if (found.isSymbolicLink()) return 'a symbolic link'
    return found.isFile() ? 'a regular file' : undefined
  } catch {
    return undefined
  }
}

/**
 * Makes the error of a failed socket call: the code, what it was about, what to do. Linux calls a connect to a regular
 * file ECONNREFUSED and a bind over one EADDRINUSE, so what is really there is looked up for the message.
 */
export const callFailed = (
  code: string,
  nativeCode: number,
  syscall: string,
  about: ErrorSubject | undefined,
): SocketError => {
  const thing = about?.path === undefined ? undefined : inTheWay(about.path)
  if (thing !== undefined && (code === 'ECONNREFUSED' || code === 'EADDRINUSE' || code === 'ENOTSOCK')) {
    return new SocketError({
      code,
      syscall,
      nativeCode,
      address: about?.address,
      detail: `the path names ${thing}, not a socket`,
      advice: syscall === 'bind' ? 'choose another path, or move it away' : 'is it the right path?',
    })
  }
  const advice = adviceFor(code, syscall, about?.address)
  return new SocketError({ code, syscall, nativeCode, address: about?.address, advice })
}
