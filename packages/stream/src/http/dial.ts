import type { Duplex } from 'node:stream'
import type { Address } from '@uds/winsock-ffi/internal'
import { connect, type ConnectDoorOptions } from '../connect.ts'
import { route } from '../transports/route.ts'

// An import of node:util makes pipes 0 to 2 non-blocking: it reads process.stderr (nodejs/node lib/internal/util/colors.js).
const { callbackify } = process.getBuiltinModule('node:util')

/** How a client reaches its address. */
export interface DialOptions {
  /** The options of each connect: `transport`, `timeoutMs`, `retryUntilMs`, ... */
  readonly connect?: ConnectDoorOptions | undefined
}

/** Connects, and calls back outside of any promise: what the callback throws is its own. */
export type Dial = (callback: (error: Error | null, connection: Duplex) => void) => void

/** Connects to one address, as often as it is called. The address is checked here, before the first call. */
export const dial = (address: string | Address, options: DialOptions, where: string): Dial => {
  route(address, options.connect?.transport, where)
  return callbackify(() => connect(address, options.connect))
}
