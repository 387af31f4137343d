/** poll(2) and FIONREAD for descriptors that are no sockets: pipes, terminals. */
import type { System } from '@uds/winsock-ffi/internal'

/** What a descriptor is ready for, now. */
export interface DescriptorState {
  readonly readable: boolean
  readonly writable: boolean
  /** The other end is closed. */
  readonly hangup: boolean
  /** Bytes that a read returns at once. */
  readonly available: number
}

/** Asks the system about one descriptor. */
export interface DescriptorPoll {
  /** undefined when the system does not say: a read or a write may wait then. */
  state(): DescriptorState | undefined
  /** Bytes that a write takes without waiting, once the descriptor is writable. */
  readonly writeAtOnce: number
  /** Releases what it needs. */
  release(): void
}

/** Makes a {@link DescriptorPoll}. */
export type OpenDescriptorPoll = (fd: number, system: System) => DescriptorPoll
