/** A backend that cannot serve here. */
import { SocketError } from '../errors/socket-error.ts'
import type { BackendName } from './backend.ts'

export const backendMissing = (
  backend: BackendName,
  detail: string,
  advice: string,
  cause?: unknown,
): SocketError =>
  new SocketError({ code: 'ENOTSUP', syscall: 'load', address: backend, detail, advice, cause })
