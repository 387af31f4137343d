/** The address of a listening socket that another owner keeps: getsockname(2). */
import { sockets } from '@uds/winsock-ffi'

/** Returns undefined without koffi, and for a socket without a name. */
export const nameOfFd = (fd: number): string | undefined => {
  const borrowed = sockets.fromFd(fd, 'unix')
  try {
    const name = sockets.localAddress(borrowed)
    return name.family === 'unix' && name.kind === 'unnamed' ? undefined : name.toString()
  } catch {
    return undefined
  } finally {
    borrowed.release()
  }
}
