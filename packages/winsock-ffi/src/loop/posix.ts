/** intoLoop of POSIX: a descriptor becomes a net.Socket. */
import type { Socket, SocketConstructorOpts } from 'node:net'
import { netSocketOf } from '../runtime/net-socket.ts'

/** libuv finds out the kind of the descriptor itself: a pipe handle for AF_UNIX, a TCP handle for AF_INET. */
export const intoLoop = (fd: number, options: SocketConstructorOpts): Socket => netSocketOf(fd, options)
