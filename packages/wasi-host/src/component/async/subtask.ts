/** Subtasks: calls of the host that were begun and have not returned. */
import { trap } from '../trap.ts'
import { SUBTASK, Waitable } from './waitable.ts'

/** The states that the guest sees. */
export const STARTED = 1
export const RETURNED = 2
const CANCELLED_BEFORE_RETURNED = 4

/** A call in progress, as the host sees it. */
export class AsyncCall {
  cancelled = false
  #onCancel: (() => void) | undefined

  /** What ends the work of the host. */
  onCancel(action: () => void): void {
    this.#onCancel = action
  }

  cancel(): void {
    this.cancelled = true
    this.#onCancel?.()
  }
}

export class Subtask extends Waitable {
  readonly code: number = SUBTASK
  readonly #call: AsyncCall
  #state = STARTED
  #resolveDelivered = false

  constructor(call: AsyncCall) {
    super()
    this.#call = call
  }

  returned(): void {
    this.#resolve(RETURNED)
  }

  #resolve(state: number): void {
    this.#state = state
    this.happened(state)
  }

  protected override delivered(): void {
    this.#resolveDelivered = true
  }

  /** The host abandons whatever it does, so that this never has to wait. Returns the state. */
  cancel(): number {
    if (this.#resolveDelivered) trap('the subtask has returned, and cannot be cancelled')
    if (this.#state === STARTED) {
      this.#call.cancel()
      this.#resolve(CANCELLED_BEFORE_RETURNED)
    }
    return this.collect()
  }

  drop(): void {
    if (!this.#resolveDelivered) trap('the subtask has not returned, and cannot be dropped')
    this.leave()
  }
}
