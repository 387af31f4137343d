import type { Transport } from '@uds/stream'
import type { LinkLimits } from './connection/link.ts'
import type { Upgrade } from './options.ts'
import type { Done } from './connection/outbox.ts'

/** One role of a channel: how it comes to have peers, and what it does with a frame. */
export interface Side {
  /** Resolves when the side is ready for use. A rejection leaves nothing open. */
  open(): Promise<void>
  /**
   * Sends a frame, or keeps it for a peer that is to come.
   *
   * @returns why it cannot; `done` is not called then.
   */
  send(frame: string, done: Done | undefined): Error | undefined
  /** How many peers are connected. */
  readonly connections: number
  /** How many of them have gone on in the native protocol. */
  readonly upgraded: number
  /** Lets what was sent arrive, ends, and gives up after `graceMs`. Never rejects. */
  close(graceMs: number): Promise<void>
}

/** What a {@link Side} tells the linker. */
export interface SideSink {
  event(name: string, payload: unknown): void
  failed(error: Error): void
  debug(message: string): void
}

/** What both roles need to know. */
export interface SideOptions extends LinkLimits {
  readonly address: string
  /** The socket file, where there is one. */
  readonly path: string | undefined
  readonly timeoutMs: number
  readonly maxHeldBytes: number
  readonly anyOwner: boolean
  readonly upgrade: Upgrade
  /** Carries the bytes, in place of what the address names. For tests. */
  readonly transport?: Transport | undefined
}
