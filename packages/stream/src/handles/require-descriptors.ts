/** requireDescriptors: passing descriptors fails early where it is not possible. */
import { capabilities, SocketError } from '@uds/winsock-ffi'

/** @throws SocketError `ENOTSUP` where descriptors cannot be passed. */
export const requireDescriptors = (where: string): void => {
  const { descriptors, system } = capabilities()
  if (descriptors) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: where,
    detail:
      system === 'win32'
        ? 'AF_UNIX on Windows passes no handles between processes (it has no SCM_RIGHTS)'
        : 'this system, or this installation, passes no descriptors; capabilities() says why',
    advice: 'a process can pass handles to its own children by child_process.fork and send',
  })
}
