/** Outbox: frames on their way to the socket. */
import type { Duplex } from 'node:stream'
import type { PendingFrame, SendDone } from './pending-frames.ts'
import { WriteThrottle } from './write-throttle.ts'

/** Frames that follow each other, put together as they come, so that a frame costs little. */
interface Segment {
  text: string
  /** The length of the text in UTF-8, once it is needed. */
  bytes: number
  done: SendDone[] | undefined
  /** It is a message about the connection itself. */
  readonly control: boolean
}

/** How long a segment grows: a few of them fit into the window of the pace. */
const SEGMENT_LENGTH = 16 * 1024

/** How much is written at once. */
const BATCH_BYTES = 256 * 1024

/** When this much waits for a peer, it is worth asking whether that peer needs the pace. */
const OVERLOAD_LENGTH = 256 * 1024

/**
 * What waits to be written to one peer: written once per tick, in order, at the pace of old peers. What waits is counted
 * in characters: in JSON nearly always bytes.
 */
export class Outbox {
  readonly #socket: Duplex
  readonly #maxLength: number
  readonly #overloaded: () => void
  #segments: Segment[] = []
  #length = 0
  #settled = 0
  #throttle: WriteThrottle | undefined
  #scheduled = false
  #writing = false
  #failure: Error | undefined
  /** The results of frames that were written, while they are withheld. */
  #withheld: SendDone[] | undefined
  #whenEmpty: (() => void) | undefined

  /** @param overloaded - called, perhaps often, while more is sent than the pace lets through. */
  constructor(socket: Duplex, maxLength: number, overloaded: () => void) {
    this.#socket = socket
    this.#maxLength = maxLength
    this.#overloaded = overloaded
    this.#throttle = new WriteThrottle(socket, () => this.#flush(), overloaded)
  }

  /** How much has left, whether it was written or lost. */
  get settled(): number {
    return this.#settled
  }

  /** False when the frame would exceed the bound; `done` is not called then. */
  push(frame: string, done?: SendDone): boolean {
    if (this.#length > 0 && this.#length + frame.length > this.#maxLength) return false
    this.pushAccepted(frame, done)
    return true
  }

  /** As {@link Outbox.push}, for a frame that was accepted before: whatever the bound. */
  pushAccepted(frame: string, done: SendDone | undefined): void {
    if (this.#failure) {
      done?.(this.#failure)
      return
    }
    this.#append(frame, done, false)
    this.#length += frame.length
    if (this.#throttle && this.#length > OVERLOAD_LENGTH) this.#overloaded()
    this.#schedule()
  }

  /** Puts a control message before all that wait. False when more waits than the bound. */
  pushFirst(frame: string): boolean {
    if (this.#failure) return true
    if (this.#length > this.#maxLength) return false
    this.#segments.unshift({ text: frame, bytes: 0, done: undefined, control: true })
    this.#length += frame.length
    this.#schedule()
    return true
  }

  /** Puts a control message behind all that wait, whatever the bound. */
  pushLast(frame: string): void {
    if (this.#failure) return
    this.#append(frame, undefined, true)
    this.#length += frame.length
    this.#schedule()
  }

  /** The peer reads frames however they are cut: writes as fast as it takes them. */
  stopThrottle(): void {
    this.#throttle?.stop()
    this.#throttle = undefined
    this.#schedule()
  }

  /** Results are withheld. */
  get withholds(): boolean {
    return this.#withheld !== undefined && this.#withheld.length > 0
  }

  /** From here on the result of a frame that was written is withheld, until its peer has answered. */
  withholdResults(): void {
    this.#withheld ??= []
  }

  /** Reports the results that were withheld, and withholds no more. */
  reportResults(error?: Error): void {
    for (const done of this.takeResults()) done(error)
  }

  /** Removes the results that were withheld; the caller reports them. */
  takeResults(): SendDone[] {
    const results = this.#withheld ?? []
    this.#withheld = undefined
    return results
  }

  /** Removes the frames that no write has begun with, in order: nobody can have heard them. */
  takeUnwritten(): PendingFrame[] {
    const taken = this.#segments.filter(({ control }) => !control)
    this.#segments = this.#segments.filter(({ control }) => control)
    for (const { text } of taken) this.#length -= text.length
    return taken.flatMap(framesOf)
  }

  /** Calls back once nothing waits any more, whether it was written or failed. */
  whenEmpty(callback: () => void): void {
    if (this.#length === 0) callback()
    else this.#whenEmpty = callback
  }

  /** The connection is gone: everything that waits has failed. */
  fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    this.#throttle?.stop()
    const segments = this.#segments
    this.#segments = []
    this.reportResults(error)
    settle(segments, error)
    // Otherwise the write that is under way ends, and settles it all.
    if (!this.#writing) this.#settle(this.#length)
  }

  #append(frame: string, done: SendDone | undefined, control: boolean): void {
    const last = this.#segments.at(-1)
    const fits = last && last.bytes === 0 && last.text.length + frame.length <= SEGMENT_LENGTH
    if (fits && last.control === control) {
      last.text += frame
      if (done) (last.done ??= []).push(done)
    } else this.#segments.push({ text: frame, bytes: 0, done: done && [done], control })
  }

  // What is sent in one run of JavaScript is written at once, after it.
  #schedule(): void {
    if (this.#scheduled || this.#writing || this.#failure) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#writing || this.#failure || this.#segments.length === 0) return
    const count = this.#countThatFit()
    if (count === 0) return
    const segments = this.#segments.splice(0, count)
    let text = ''
    for (const segment of segments) text += segment.text
    this.#writing = true
    this.#socket.write(text, 'utf8', (error) => {
      this.#writing = false
      if (this.#withheld && !error) for (const { done } of segments) this.#withheld.push(...(done ?? []))
      else settle(segments, error ?? undefined)
      this.#settle(this.#failure ? this.#length : text.length)
      this.#flush()
    })
  }

  /** How many segments may be written now; one that is larger than a batch goes alone. */
  #countThatFit(): number {
    const room = this.#throttle ? this.#throttle.room(this.#bytesOf(0)) : BATCH_BYTES
    if (room === 0) return 0
    let count = 1
    let size = this.#bytesOf(0)
    while (count < this.#segments.length && size + this.#bytesOf(count) <= room) {
      size += this.#bytesOf(count)
      count += 1
    }
    this.#throttle?.spend(size)
    return count
  }

  #bytesOf(index: number): number {
    const segment = this.#segments[index]
    if (!segment) return 0
    if (segment.bytes === 0) segment.bytes = Buffer.byteLength(segment.text)
    return segment.bytes
  }

  #settle(length: number): void {
    this.#length -= length
    this.#settled += length
    if (this.#length > 0) return
    this.#whenEmpty?.()
    this.#whenEmpty = undefined
  }
}

const settle = (segments: readonly Segment[], error: Error | undefined): void => {
  for (const { done } of segments) if (done) for (const callback of done) callback(error)
}

/** The frames of a segment. No frame has `;;` but at its end; the last one has all results, which come in order. */
const framesOf = ({ text, done }: Segment): PendingFrame[] => {
  const texts = text.split(';;').slice(0, -1)
  return texts.map((frame, index) => ({
    frame: `${frame};;`,
    done:
      done && index === texts.length - 1
        ? (error) => {
            for (const callback of done) callback(error)
          }
        : undefined,
  }))
}
