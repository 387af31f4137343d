/** WriteThrottle: pauses for peers that lose frames when they are written to faster than they read. */
import type { Duplex } from 'node:stream'
import { unreadBytes } from './unread-bytes.ts'

/**
 * unixevents 1.5.2 for JavaScript reads at most 64 KiB at once and loses the frame that such a read cuts in two, with
 * all that was read with it or after it. So no more than this may be under way to a peer that is not known to be better
 * (docs/adr/0047): half of a read, since a read that has just taken one window may still be running and take the next.
 */
const WINDOW_BYTES = 32 * 1024

/** How long a peer has to read what was written, where the system does not count what is unread. */
const BLIND_MS = 2

/** The longest pause between two looks whether a peer has read, in milliseconds. */
const LONGEST_LOOK_MS = 32

/** So many full windows mean that it is worth knowing whether this peer needs them. */
const MANY_WINDOWS = 16

/** How fast a peer may be written to that reads as unixevents 1.5.2 does. */
export class WriteThrottle {
  readonly #socket: Duplex
  readonly #resume: () => void
  readonly #slow: () => void
  /** What may not be read yet, at most. */
  #underWay = 0
  #looks = 0
  /** All was read when last looked at; the read that took it may not have returned. */
  #empty = false
  #windows = 0
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Immediate | undefined

  /**
   * @param resume - called when there is room again, after there was none.
   * @param slow - called when there has been none many times.
   */
  constructor(socket: Duplex, resume: () => void, slow: () => void) {
    this.#socket = socket
    this.#resume = resume
    this.#slow = slow
  }

  /** How many bytes may be written now, of which `wanted` are wanted first; 0 when it calls back instead. */
  room(wanted: number): number {
    if (this.#timer || this.#soon) return 0
    if (this.#underWay + wanted <= WINDOW_BYTES) return WINDOW_BYTES - this.#underWay
    if (this.#underWay > 0 && !this.#empty) {
      if (this.#looks === 0 && ++this.#windows === MANY_WINDOWS) this.#slow()
      const unread = unreadBytes(this.#socket)
      if (unread === undefined) return this.#waitBlindly()
      // One turn later, the read that took the last of it has returned too.
      this.#empty = unread === 0
      return this.#lookAgain()
    }
    this.#underWay = 0
    this.#looks = 0
    this.#empty = false
    // A frame larger than all goes alone.
    return Math.max(WINDOW_BYTES, wanted)
  }

  spend(bytes: number): void {
    this.#underWay += bytes
  }

  stop(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#soon)
  }

  #waitBlindly(): 0 {
    this.#wait(BLIND_MS, () => {
      this.#underWay = 0
    })
    return 0
  }

  #lookAgain(): 0 {
    // A peer that is quick has read it before the loop comes round.
    if (this.#empty || this.#looks++ === 0) {
      this.#soon = setImmediate(() => {
        this.#soon = undefined
        this.#resume()
      })
    } else this.#wait(Math.min(2 ** (this.#looks - 2), LONGEST_LOOK_MS), () => {})
    return 0
  }

  #wait(ms: number, then: () => void): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      then()
      this.#resume()
    }, ms)
  }
}
