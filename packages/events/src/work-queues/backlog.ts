/** Backlog: the messages of a queue that wait for a worker, in order. */
import type { OpenJob } from './job.ts'

/** First in, first out; those that came back from a worker that has died before all others. */
export class Backlog {
  #again: OpenJob[] = []
  #jobs: OpenJob[] = []
  #head = 0

  get length(): number {
    return this.#again.length + this.#jobs.length - this.#head
  }

  push(job: OpenJob): void {
    this.#jobs.push(job)
  }

  /** The job is older than all others. */
  pushBack(job: OpenJob): void {
    this.#again.push(job)
  }

  shift(): OpenJob | undefined {
    const first = this.#again.shift()
    if (first !== undefined) return first
    const job = this.#jobs[this.#head]
    if (job === undefined) return undefined
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#head)
      this.#head = 0
    }
    return job
  }

  /** Takes all of them out. */
  clear(): OpenJob[] {
    const all = [...this.#again, ...this.#jobs.slice(this.#head)]
    this.#again = []
    this.#jobs = []
    this.#head = 0
    return all
  }
}
