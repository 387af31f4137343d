/** requireWindows: calls of named pipes fail early where there are none. */
import { notSupported } from '../errors/errors.ts'
import { onWindows } from '../system.ts'

/** @throws SocketError `ENOTSUP` off Windows. */
export const requireWindows = (syscall: string): void => {
  if (onWindows) return
  throw notSupported(
    syscall,
    'only Windows has named pipes',
    'use UnixStream and UnixListener, or LocalStream and LocalListener, which are the fitting ones on each system',
  )
}
