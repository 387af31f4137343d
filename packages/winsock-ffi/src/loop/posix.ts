import { Socket, type SocketConstructorOpts } from 'node:net'

/** libuv finds out the kind of the descriptor itself: a pipe handle for AF_UNIX, a TCP handle for AF_INET. */
export const intoLoop = (fd: number, options: SocketConstructorOpts): Socket => new Socket({ ...options, fd })
