/** The event `$uds`: readControl, controlFrame. No Node in here. */
import { FrameEncoder } from './frame-encoder.ts'
import type { Prefix } from './frame-encoder.ts'

/**
 * The name of the event by which two ends of this package talk about the connection itself. Old peers have no handler
 * for it and ignore it. Unless the user asks for the upgrade it is sent only in need, never at the start, so that a
 * quiet stream is exactly unixevents.
 */
export const CONTROL_EVENT = '$uds'

/** What such an event says (docs/adr/0059). Unknown keys are ignored. */
export interface ControlMessage {
  /** This end reads frames however they are cut. */
  readonly hello?: 1
  /** With `hello`: this end would go on in the native protocol (PROTOCOL.md). */
  readonly native?: 1
  /** From a client: the session that it had with the server. In `switch`: the session that begins, or goes on. */
  readonly session?: string
  /** From a server, and in the answer to a client's `hello` only: it knows that session. */
  readonly known?: boolean
  /** This is the last frame; the native protocol follows. */
  readonly switch?: 1
  /** This end closes the connection, and why. */
  readonly closed?: string
}

const MAX_SESSION = 200

/** Reads what a stranger may have written; what is of the wrong kind is left out. */
export const readControl = (payload: unknown): ControlMessage => {
  let fields: Record<string, unknown>
  try {
    fields = Object(JSON.parse(String(payload))) as Record<string, unknown>
  } catch {
    return {}
  }
  const { session, known, closed } = fields
  return {
    ...(fields['hello'] === 1 && { hello: 1 }),
    ...(fields['native'] === 1 && { native: 1 }),
    ...(fields['switch'] === 1 && { switch: 1 }),
    ...(typeof session === 'string' && session !== '' && session.length <= MAX_SESSION && { session }),
    ...(typeof known === 'boolean' && { known }),
    ...(typeof closed === 'string' && { closed }),
  }
}

/** The frame that says it. */
export const controlFrame = (own: Prefix, control: ControlMessage): string =>
  new FrameEncoder(own).encode(CONTROL_EVENT, control)
