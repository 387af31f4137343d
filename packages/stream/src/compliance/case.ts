/** ComplianceCase and Harness: a case of the suite, and the transport it runs against. */
import type { Address } from '@uds/winsock-ffi/internal'
import type { ConnectOptions, ListenOptions, Transport, TransportCapabilities } from '../transport.ts'

/** The transport under test, and addresses for it. */
export interface Harness {
  readonly transport: Transport
  /** A fresh address for one `listen`. */
  address(): string | Address
  /** An address without a listener, where that is another kind of address. @default {@link Harness.address} */
  deadAddress?(): string | Address
  /** Added to every `connect`. */
  readonly connectOptions?: ConnectOptions | undefined
  /** Added to every `listen`. */
  readonly listenOptions?: ListenOptions | undefined
}

/** A promise of a transport, with its proof. */
export interface ComplianceCase {
  /** Stable: no other case ever has it. */
  readonly id: string
  /** The promise, in words. */
  readonly name: string
  /** The case is meant for transports that have all of these. */
  readonly requires: readonly (keyof TransportCapabilities)[]
  /** Rejects when the transport does not keep the promise. Closes everything that it opened. */
  run(harness: Harness): Promise<void>
}

/** True when the transport has every capability that the case requires. */
export const applies = (each: ComplianceCase, transport: Transport): boolean =>
  each.requires.every((capability) => transport.capabilities[capability])
