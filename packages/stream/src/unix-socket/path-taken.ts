/** The errors of a path that is taken: `EADDRINUSE`, with what has it and what to do. */
import { SocketError } from '@uds/winsock-ffi'

export const inUse = (path: string, detail: string, advice: string, cause?: unknown): SocketError =>
  new SocketError({ code: 'EADDRINUSE', syscall: 'listen', address: `unix:${path}`, detail, advice, cause })

/** A server that lives has it. */
export const serverListens = (path: string): SocketError =>
  new SocketError({
    code: 'EADDRINUSE',
    syscall: 'listen',
    address: `unix:${path}`,
    detail: 'a server is listening there',
    advice: 'stop it, choose another path, or set takeOver to replace it',
    adviceCode: 'take-over',
  })

/** Windows: the primary process of a cluster cannot pass a socket of Winsock on. */
export const workerListens = (path: string): SocketError =>
  inUse(
    path,
    'a server is listening there; workers of node:cluster share no AF_UNIX socket on Windows',
    'share a named pipe (pipe:), give each worker a path of its own, or see @uds/stream/net/register',
  )
