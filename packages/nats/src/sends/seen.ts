/** Seen: the ids of messages that were handled lately, where there is no journal to remember them. */

const MOST = 100_000

export class Seen {
  #now = new Set<string>()
  #before = new Set<string>()

  has(id: string): boolean {
    return this.#now.has(id) || this.#before.has(id)
  }

  add(id: string): void {
    this.#now.add(id)
    if (this.#now.size < MOST) return
    this.#before = this.#now
    this.#now = new Set()
  }
}
