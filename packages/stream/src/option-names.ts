/** The options that the transports of this package know. */
import { optionNames } from '@uds/winsock-ffi'
import type { ConnectDoorOptions } from './connect.ts'
import type { ListenDoorOptions } from './listen.ts'

export const CONNECT_OPTIONS: readonly string[] = optionNames<ConnectDoorOptions>({
  signal: true,
  timeoutMs: true,
  allowHalfOpen: true,
  onread: true,
  noDelay: true,
  halfClose: true,
  security: true,
  retryUntilMs: true,
  transport: true,
})

export const LISTEN_OPTIONS: readonly string[] = optionNames<ListenDoorOptions>({
  signal: true,
  backlog: true,
  mode: true,
  uid: true,
  gid: true,
  takeOver: true,
  removeStale: true,
  authorize: true,
  authorizeTimeoutMs: true,
  maxAuthorizing: true,
  maxConnections: true,
  maxQueued: true,
  allowHalfOpen: true,
  noDelay: true,
  halfClose: true,
  security: true,
  transport: true,
})
