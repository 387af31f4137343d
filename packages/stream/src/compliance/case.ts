/** What a case of the compliance suite is, and what it is run against. */
import type { Address } from '../address/address.ts'
import type { ConnectOptions, ListenOptions, Transport, TransportCapabilities } from '../transport.ts'

/** What the suite is run against. */
export interface Harness {
  readonly transport: Transport
  /** An address that nothing uses yet, for one `listen`. */
  address(): string | Address
  /** An address where nobody listens, as far as that is another kind of address. By default {@link Harness.address}. */
  deadAddress?(): string | Address
  /** Added to every `connect`. */
  readonly connectOptions?: ConnectOptions | undefined
  /** Added to every `listen`. */
  readonly listenOptions?: ListenOptions | undefined
}

/** A promise that a transport keeps, with what proves it. */
export interface ComplianceCase {
  /** Stable: it is never given to another case. */
  readonly id: string
  /** The promise, in words. */
  readonly name: string
  /** The case is meant for transports that have all of these. */
  readonly requires: readonly (keyof TransportCapabilities)[]
  /** Rejects when the promise is not kept. Whatever it opened is closed then. */
  run(harness: Harness): Promise<void>
}

/** True when the transport claims what the case is about. */
export const applies = (each: ComplianceCase, transport: Transport): boolean =>
  each.requires.every((capability) => transport.capabilities[capability])
