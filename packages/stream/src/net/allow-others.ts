/** allowOthers: `readableAll` and `writableAll` of `net.Server.listen`, for a socket file. */
import { chmodSync, statSync } from 'node:fs'
import { SocketError } from '@uds/winsock-ffi'
import { system } from '@uds/winsock-ffi/internal'
import { restrictFile } from '../unix-socket/win32/restrict-file.ts'

/** uv.h: UV_READABLE, UV_WRITABLE */
const READABLE = 1
const WRITABLE = 2

/** As libuv changes the mode of a pipe (uv_pipe_chmod in src/unix/pipe.c). */
const onPosix = (file: string, access: number): void => {
  const added = ((access & READABLE) === 0 ? 0 : 0o444) | ((access & WRITABLE) === 0 ? 0 : 0o222)
  chmodSync(file, (statSync(file).mode & 0o777) | added)
}

/** To connect takes the right to write the file: reading it alone allows nothing. */
const onWindows = (file: string, access: number): void => {
  if ((access & WRITABLE) !== 0) return restrictFile(file, 0o666)
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'listen',
    address: `unix:${file}`,
    detail: 'readableAll alone lets no other user connect to an AF_UNIX socket',
    advice: 'set writableAll',
  })
}

/**
 * Lets every user of the system connect.
 *
 * @throws SocketError `ENOTSUP` where the system does not set permissions of socket files.
 */
export const allowOthers: (file: string, access: number) => void = system === 'win32' ? onWindows : onPosix
