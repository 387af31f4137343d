/** Receivers: whether some machine wants the messages of a name; a store drops what nobody wants, and acknowledges it. */
import { failure } from '../errors.ts'
import type { Stores } from '../stores/stores.ts'

/** What was seen is looked at again after this time: a consumer may have been removed by hand. */
const FRESH_MS = 10_000
const LEAST_MS = 200

export class Receivers {
  readonly #stores: Stores
  #subjects = new Set<string>()
  #lookedAt = -Infinity
  #looking: Promise<void> | undefined

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** The connection is another one. */
  forget(): void {
    this.#subjects = new Set()
    this.#lookedAt = -Infinity
  }

  /** Rejects while no machine wants messages with this subject: they stay with their sender. */
  async wait(subject: string): Promise<void> {
    const age = performance.now() - this.#lookedAt
    if (this.#subjects.has(subject) && age < FRESH_MS) return
    if (age > LEAST_MS) await (this.#looking ??= this.#look())
    if (this.#subjects.has(subject)) return
    throw failure('send', 'ERR_NO_HANDLER', `no machine listens to ${subject}: messages wait until one does`)
  }

  async #look(): Promise<void> {
    try {
      const { stream, manager } = await this.#stores.get('sends')
      const subjects = new Set<string>()
      for await (const { config } of manager.consumers.list(stream)) {
        for (const subject of config.filter_subjects ?? [config.filter_subject ?? '']) subjects.add(subject)
      }
      this.#subjects = subjects
      this.#lookedAt = performance.now()
    } finally {
      this.#looking = undefined
    }
  }
}
