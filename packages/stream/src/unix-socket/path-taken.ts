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
