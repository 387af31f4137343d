/** fileError: an error of node:fs as a SocketError with a subject and advice. */
import { adviceFor } from './advice.ts'
import { SocketError } from './socket-error.ts'

/**
 * An error of `node:fs` as a SocketError, with the address that the file belongs to and what the reader can do.
 *
 * @param syscall - The call as the reader knows it: `unlink`, `bind`.
 * @returns The error itself when it is no error of the system.
 */
export const fileError = (error: unknown, syscall: string, address: string): Error => {
  const { code, errno } = error as NodeJS.ErrnoException
  const ofSystem = code !== undefined && !code.startsWith('ERR_')
  if (error instanceof SocketError || !ofSystem) return error as Error
  return new SocketError({
    code,
    syscall,
    address,
    nativeCode: errno === undefined ? undefined : Math.abs(errno),
    advice: adviceFor(code, syscall, address),
    cause: error,
  })
}
