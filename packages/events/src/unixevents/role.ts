/** The two roles of a channel, and what each of them has to do. */
import type { Transport } from '@uds/stream'
import type { BackoffSettings } from '@uds/winsock-ffi/internal'
import type { LinkLimits } from './connection/link.ts'
import type { Upgrade } from './options.ts'
import type { SendDone } from './connection/pending-frames.ts'

/** The two ends of a channel. */
export const Role: { readonly SERVER: 'server'; readonly CLIENT: 'client' } = {
  SERVER: 'server',
  CLIENT: 'client',
}

export type Role = 'server' | 'client'

/** The pauses between attempts to connect or to listen: from 10 milliseconds to a second. */
export const RETRY: BackoffSettings = { initialMs: 10, maxMs: 1000 }

/** One end of a channel: how it finds its peers, and what it does with a frame. */
export interface ChannelEnd {
  /** Resolves when the end is ready for use. A rejection leaves nothing open. */
  open(): Promise<void>
  /**
   * Sends a frame, or keeps it for a future peer.
   *
   * @returns why it refuses; `done` is not called then.
   */
  send(frame: string, done: SendDone | undefined): Error | undefined
  /** How many peers are connected. */
  readonly connections: number
  /** How many of them speak the native protocol. */
  readonly upgraded: number
  /** Waits until what was sent has arrived, for up to `graceMs` milliseconds, and ends. Never rejects. */
  close(graceMs: number): Promise<void>
}

/** What a {@link ChannelEnd} reports to the linker. */
export interface ChannelSink {
  /** False when nobody listens any more, as the linker is closed. */
  event(name: string, payload: unknown): boolean
  failed(error: Error): void
  debug(message: string): void
}

/** The settings of both roles. */
export interface ChannelOptions extends LinkLimits {
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
