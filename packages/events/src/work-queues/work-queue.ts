/** WorkQueue: each message goes to one of the clients that asked for work. */
import { checkOptions, invalidArgument, invalidValue, optionNames } from '@uds/winsock-ffi'
import type { Channel } from '../channel/channel.ts'
import { sealEnvelope } from '../channel/envelope.ts'
import { request } from '../channel/request-arguments.ts'
import { asError, failure, RemoteError } from '../errors/errors.ts'
import { Listeners } from '../handlers/listeners.ts'
import { WORK_PREFIX } from '../names.ts'
import { count, milliseconds } from '../options.ts'
import { Backlog } from './backlog.ts'
import { deadLetter, type Job, OpenJob } from './job.ts'
import type { WorkJournal } from './work-journal.ts'

/** How a queue sends out its messages. */
export interface WorkOptions {
  /** How often a message is tried, deaths of workers included; then it is a dead letter. @default 5 */
  readonly attempts?: number | undefined
  /** Milliseconds for one attempt, which then ends and counts as failed; `null`: no limit. @default null */
  readonly timeoutMs?: number | null | undefined
  /** Milliseconds until a message that failed is tried again. @default 0 */
  readonly retryAfterMs?: number | undefined
  /** How many messages may wait; `push` waits for room. @default 10_000 */
  readonly limit?: number | undefined
}

const WORK_OPTIONS = optionNames<WorkOptions>({
  attempts: true,
  timeoutMs: true,
  retryAfterMs: true,
  limit: true,
})

/** What a queue says. */
export interface WorkEvents<Data> {
  /**
   * A message has failed for the last time. With a journal it is kept until a listener has returned, or its promise has
   * resolved: a later life of the server says it again.
   */
  deadLetter: [job: Job<Data>, error: Error]
}

/** A client that works. */
export interface WorkPeer {
  readonly channel: Channel
}

interface Worker {
  readonly peer: WorkPeer
  readonly concurrency: number
  busy: number
  /** It stands among those that have a hand free. */
  free: boolean
  gone: boolean
}

/** What a queue needs of its server. */
export interface WorkContext {
  readonly journal: WorkJournal | undefined
  report(error: Error): void
}

/** Errors of a worker's end that say nothing about the message. */
const NOT_THE_MESSAGE: ReadonlySet<unknown> = new Set(['ERR_NO_HANDLER', 'ERR_TOO_MANY_REQUESTS'])

/**
 * Sends each message to one of the clients that asked for them (`client.work`), in order, to the clients in turn, and to
 * none more than it takes at once. A message whose worker fails or dies goes to another.
 */
export class WorkQueue<Data = unknown> {
  readonly name: string
  readonly #context: WorkContext
  readonly #attempts: number
  readonly #timeoutMs: number
  readonly #retryAfterMs: number
  readonly #limit: number
  readonly #listeners = new Listeners()
  readonly #workers = new Map<WorkPeer, Worker>()
  /** Workers with a hand free, in turn. */
  #free: Worker[] = []
  readonly #jobs = new Backlog()
  readonly #delayed = new Map<OpenJob, NodeJS.Timeout>()
  readonly #running = new Set<OpenJob>()
  /** Dead letters of an earlier life that wait for a listener. */
  #dead: { readonly job: OpenJob; readonly error: Error }[] = []
  #room: { readonly go: () => void; readonly reject: (reason: Error) => void }[] = []
  #closed = false

  /** @internal */
  constructor(name: string, options: WorkOptions, context: WorkContext) {
    checkOptions(options, 'work', WORK_OPTIONS)
    this.name = name
    this.#context = context
    this.#attempts = count('work', 'attempts', options.attempts, 5)
    this.#timeoutMs = milliseconds('work', 'timeoutMs', options.timeoutMs, Infinity, 1)
    this.#retryAfterMs = milliseconds('work', 'retryAfterMs', options.retryAfterMs, 0)
    this.#limit = count('work', 'limit', options.limit, 10_000)
    for (const { id, data, attempts, dead } of context.journal?.kept(name) ?? []) {
      const job = new OpenJob(id, data, attempts)
      if (dead === undefined) {
        this.#jobs.push(job)
        continue
      }
      const error = deadLetter(name, job, new Error(dead))
      job.reject(error)
      this.#dead.push({ job, error })
    }
  }

  /** How many messages wait for a worker. */
  get waiting(): number {
    return this.#jobs.length + this.#delayed.size
  }

  /** How many are with a worker. */
  get running(): number {
    return this.#running.size
  }

  /** How many clients have asked for work and are connected. */
  get workers(): number {
    return this.#workers.size
  }

  /** Listens to what happens to the messages. */
  on<N extends keyof WorkEvents<Data>>(name: N, listener: (...args: WorkEvents<Data>[N]) => unknown): this {
    if (name !== 'deadLetter') throw invalidValue('on', 'name', "must be 'deadLetter'", name)
    this.#listeners.add(name, listener)
    for (const { job, error } of this.#dead.splice(0)) this.#tellDead(job, error)
    return this
  }

  off<N extends keyof WorkEvents<Data>>(name: N, listener: (...args: WorkEvents<Data>[N]) => unknown): this {
    this.#listeners.remove(name, listener)
    return this
  }

  /**
   * Adds a message. Resolves when it is taken, with a journal when it is written; while `limit` messages wait, when there
   * is room. `(await queue.push(data)).done` resolves when a worker is done with it.
   *
   * @throws SocketError `ERR_QUEUE_FULL` when `limit` callers wait for room already, `ERR_CLOSED`; with a journal
   *   `ENOSPC`, `EIO`, and what cannot be cloned
   */
  async push(data: Data): Promise<Job<Data>> {
    if (this.waiting >= this.#limit || this.#room.length > 0) await this.#forRoom()
    if (this.#closed) throw closed()
    const job = new OpenJob(crypto.randomUUID(), data, 0)
    const { journal } = this.#context
    try {
      if (journal !== undefined) await journal.add(this.name, job)
    } catch (error) {
      // The next one that waits for room may fare better.
      this.#pump()
      throw error
    }
    if (this.#closed) job.reject(closed())
    else {
      this.#jobs.push(job)
      this.#pump()
    }
    return job as Job<Data>
  }

  #forRoom(): Promise<void> {
    if (this.#room.length >= this.#limit) {
      const detail = `${this.#limit} messages wait for a worker, and as many callers for room; wait for push`
      return Promise.reject(failure('push', 'ERR_QUEUE_FULL', detail))
    }
    return new Promise((go, reject) => this.#room.push({ go, reject }))
  }

  #pump(): void {
    while (!this.#closed && this.#jobs.length > 0) {
      const worker = this.#free.shift()
      if (worker === undefined) break
      worker.free = false
      if (worker.gone) continue
      const job = this.#jobs.shift()
      if (job !== undefined) void this.#give(job, worker)
      this.#enlist(worker)
    }
    while (this.#room.length > 0 && this.waiting < this.#limit) {
      const { go } = this.#room.shift() as { go: () => void }
      go()
      // It adds its message in a moment: the others see then whether there is room.
      break
    }
  }

  #enlist(worker: Worker): void {
    if (worker.gone || worker.free || worker.busy >= worker.concurrency) return
    worker.free = true
    this.#free.push(worker)
  }

  /** One attempt; never rejects. */
  async #give(job: OpenJob, worker: Worker): Promise<void> {
    worker.busy++
    job.attempts++
    this.#running.add(job)
    this.#context.journal?.attempted(job)
    try {
      const { codec, requester } = worker.peer.channel
      const sealed = sealEnvelope(codec, [job.id, job.attempts], job.data)
      const options = { timeoutMs: this.#timeoutMs === Infinity ? null : this.#timeoutMs }
      const answer = await request(requester, WORK_PREFIX + this.name, [sealed, options], Infinity)
      this.#running.delete(job)
      if (answer instanceof Uint8Array && answer.length >= 4)
        this.#putOff(job, Buffer.from(answer).readUInt32LE())
      else {
        this.#context.journal?.done(job)
        job.resolve()
      }
    } catch (error) {
      this.#running.delete(job)
      this.#failed(job, worker, asError(error))
    } finally {
      worker.busy--
      this.#enlist(worker)
      this.#pump()
    }
  }

  /** Its worker wants it later: that is no attempt. */
  #putOff(job: OpenJob, ms: number): void {
    job.attempts--
    this.#later(job, ms)
  }

  #failed(job: OpenJob, worker: Worker, error: Error): void {
    const { code } = error as { code?: unknown }
    const remote = error instanceof RemoteError
    if (remote && NOT_THE_MESSAGE.has(code)) {
      job.attempts--
      if (code === 'ERR_NO_HANDLER') this.#remove(worker)
      this.#giveBack(job)
    } else if (job.attempts >= this.#attempts) this.#bury(job, error)
    else if (remote || code === 'ETIMEDOUT') this.#later(job, this.#retryAfterMs)
    else this.#giveBack(job)
  }

  /** Its worker has not done it, and is gone: it is the oldest of all. */
  #giveBack(job: OpenJob): void {
    if (this.#closed) job.reject(closed())
    else this.#jobs.pushBack(job)
  }

  #later(job: OpenJob, ms: number): void {
    if (this.#closed) {
      job.reject(closed())
      return
    }
    if (ms === 0) {
      this.#jobs.push(job)
      return
    }
    const timer = setTimeout(() => {
      this.#delayed.delete(job)
      this.#jobs.push(job)
      this.#pump()
    }, ms)
    this.#delayed.set(job, timer)
  }

  #bury(job: OpenJob, cause: Error): void {
    const error = deadLetter(this.name, job, cause)
    job.reject(error)
    this.#context.journal?.buried(job, cause)
    this.#tellDead(job, error)
  }

  #tellDead(job: OpenJob, error: Error): void {
    if (!this.#listeners.has('deadLetter')) {
      this.#context.report(error)
      return
    }
    let failed = false
    const end = (): void => {
      if (!failed) this.#context.journal?.done(job)
    }
    const late = this.#listeners.call('deadLetter', [job, error], (reason) => {
      failed = true
      this.#context.report(asError(reason))
    })
    if (late === undefined) end()
    else void late.then(end)
  }

  // ---- workers ----

  /** @internal A client asks for so many messages at once; 0: for none any more. */
  enlist(peer: WorkPeer, concurrency: number): void {
    if (!Number.isSafeInteger(concurrency) || concurrency < 0)
      throw invalidArgument('work', 'concurrency', 'a whole number from 0', concurrency)
    this.leave(peer)
    if (concurrency === 0) return
    const worker: Worker = { peer, concurrency, busy: 0, free: false, gone: false }
    this.#workers.set(peer, worker)
    this.#enlist(worker)
    this.#pump()
  }

  /** @internal The client has no connection any more, or wants no work. */
  leave(peer: WorkPeer): void {
    const worker = this.#workers.get(peer)
    if (worker !== undefined) this.#remove(worker)
  }

  #remove(worker: Worker): void {
    worker.gone = true
    if (this.#workers.get(worker.peer) === worker) this.#workers.delete(worker.peer)
  }

  /** @internal Sends out no more messages. */
  stop(): void {
    this.#closed = true
    for (const timer of this.#delayed.values()) clearTimeout(timer)
    const left = [...this.#jobs.clear(), ...this.#delayed.keys()]
    this.#delayed.clear()
    for (const job of left) job.reject(closed())
    for (const { reject } of this.#room.splice(0)) reject(closed())
  }
}

const closed = (): Error => failure('work', 'ERR_CLOSED', 'the server was closed')
