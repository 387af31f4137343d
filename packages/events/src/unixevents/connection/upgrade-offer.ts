/** The wait for the answer to an offer of the native protocol: what is sent meanwhile, and whether it was heard. */
import { failure } from '../../errors/errors.ts'
import type { Outbox } from './outbox.ts'
import { PendingFrames } from './pending-frames.ts'
import type { PendingFrame, SendDone } from './pending-frames.ts'

/** How long frames wait for the answer, in milliseconds: then they are written in the frames of unixevents. */
const HOLD_MS = 100

/** A peer that has not answered for this long, in milliseconds, does not know the offer. Less than `close` waits. */
const UNANSWERED_MS = 750

/** A peer that has agreed, and has not switched for this long, in milliseconds, hangs. */
const SWITCH_MS = 5000

/**
 * An offer to leave the frames of unixevents, from the moment that one end has made it until it is answered, or the peer
 * is known not to know it. Frames wait, so that a peer that goes without an answer takes none with it. After
 * {@link HOLD_MS} they are written all the same, and their results are withheld until the wait is over: what is reported
 * as sent was read by a peer that answers, or by one that has nothing to answer with.
 */
export class UpgradeOffer {
  readonly #outbox: Outbox
  readonly #held: PendingFrames
  #holdTimer: NodeJS.Timeout
  #endTimer: NodeJS.Timeout
  #holding = true
  #over = false
  #whenOver: (() => void) | undefined
  #noneHeld: PromiseWithResolvers<void> | undefined

  constructor(outbox: Outbox, maxQueueBytes: number) {
    this.#outbox = outbox
    this.#held = new PendingFrames(maxQueueBytes)
    outbox.withholdResults()
    this.#holdTimer = setTimeout(() => this.release(), HOLD_MS)
    this.#endTimer = setTimeout(() => this.refused(), UNANSWERED_MS)
  }

  /** Frames wait, or will. */
  get holding(): boolean {
    return this.#holding
  }

  /** It was answered, or nothing waits for that any more. */
  get over(): boolean {
    return this.#over
  }

  /** Resolves when no frame waits any more: all of them are written, or have left by {@link UpgradeOffer.take}. */
  noneHeld(): Promise<void> | undefined {
    if (this.#held.size === 0) return undefined
    this.#noneHeld ??= Promise.withResolvers<void>()
    return this.#noneHeld.promise
  }

  /** Keeps a frame. False when the bound is reached; `done` is not called then. */
  add(frame: string, done: SendDone | undefined): boolean {
    return this.#held.add(frame, done)
  }

  /** Removes the frames that wait, in order. */
  take(): PendingFrame[] {
    const taken: PendingFrame[] = []
    this.#held.release((frame, done) => taken.push({ frame, done }))
    this.#noneHeld?.resolve()
    return taken
  }

  /** The peer will switch: frames wait for that, for another {@link HOLD_MS} at most. */
  agreed(): void {
    if (this.#over) return
    clearTimeout(this.#endTimer)
    this.#endTimer = setTimeout(() => this.#end(hangs()), SWITCH_MS)
    if (!this.#holding) return
    clearTimeout(this.#holdTimer)
    this.#holdTimer = setTimeout(() => this.release(), HOLD_MS)
  }

  /** Writes the frames that wait. */
  release(): void {
    clearTimeout(this.#holdTimer)
    this.#holding = false
    this.#held.release((frame, done) => this.#outbox.pushAccepted(frame, done))
    this.#noneHeld?.resolve()
  }

  /** The peer goes on in the frames of unixevents: a frame that was written is reported as sent. */
  refused(): void {
    this.#end(undefined)
  }

  /** The peer has ended the connection before it answered: nobody knows what it has heard. */
  unanswered(): void {
    this.#outbox.reportResults(ended())
    // Those of writes that have not ended fail with the connection.
    this.#outbox.withholdResults()
    this.stop()
  }

  /** Waits no more; what waits, and what is withheld, is the owner's. */
  stop(): void {
    this.#over = true
    clearTimeout(this.#holdTimer)
    clearTimeout(this.#endTimer)
    this.#whenOver?.()
    this.#whenOver = undefined
  }

  /** Calls back once no result is withheld any more. */
  whenOver(callback: () => void): void {
    if (this.#over || !this.#outbox.withholds) callback()
    else this.#whenOver = callback
  }

  #end(error: Error | undefined): void {
    if (this.#over) return
    this.release()
    this.#outbox.reportResults(error)
    this.stop()
  }
}

const hangs = (): Error =>
  failure('send', 'ETIMEDOUT', `the other end has agreed to switch, and has not for ${SWITCH_MS} ms`)

const ended = (): Error =>
  failure('send', 'ERR_DISCONNECTED', 'the other end has ended the connection before it answered the offer')
