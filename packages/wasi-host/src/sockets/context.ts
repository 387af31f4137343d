/** SocketContext: what the socket calls of a guest share. */
import type { Network } from '../network/network.ts'
import type { Permissions } from '../policy/permissions.ts'
import type { Quota } from '../policy/quota.ts'

/** What the sockets of a guest stand on: where they go, what is allowed to them, and how much of it. */
export interface SocketContext {
  readonly network: Network
  readonly permissions: Permissions
  readonly quota: Quota
}
