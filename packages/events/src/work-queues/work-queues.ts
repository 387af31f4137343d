/** WorkQueues: the queues of a server, and the request by which clients ask for work. */
import { invalidValue } from '@uds/winsock-ffi'
import { failure } from '../errors/errors.ts'
import type { RequestContext } from '../handlers/handler.ts'
import type { HandlerRegistry } from '../handlers/registry.ts'
import type { JournalOptions } from '../journal/database.ts'
import { checkWorkName, WORK } from '../names.ts'
import { WorkJournal } from './work-journal.ts'
import { type WorkOptions, type WorkPeer, WorkQueue } from './work-queue.ts'

/** What the queues need of their server. */
export interface WorkQueuesContext {
  readonly handlers: HandlerRegistry
  /** The server's journal, where it has one. */
  readonly journal: JournalOptions | undefined
}

export class WorkQueues {
  readonly #context: WorkQueuesContext
  readonly #queues = new Map<string, WorkQueue>()
  #journal: WorkJournal | undefined

  constructor(context: WorkQueuesContext) {
    this.#context = context
    context.handlers.handle(WORK, (input: unknown, { peer }: RequestContext<WorkPeer>) => {
      const [name, concurrency] = askedFor(input)
      const queue = this.#queues.get(String(name))
      if (queue !== undefined) queue.enlist(peer, concurrency as number)
      else if (concurrency !== 0)
        throw failure('work', 'ERR_NO_HANDLER', `the server has no work of the name '${String(name)}'`)
    })
  }

  /** The queue of this name; made by the first call. */
  queue(name: string, options: WorkOptions | undefined): WorkQueue {
    checkWorkName('work', name)
    const known = this.#queues.get(name)
    if (known !== undefined) {
      if (options === undefined) return known
      throw invalidValue('work', 'options', `are for the first call for '${name}'`, options)
    }
    const { handlers, journal } = this.#context
    const report = (error: Error): void => handlers.report(error)
    if (journal !== undefined)
      this.#journal ??= new WorkJournal({ ...journal, path: `${journal.path}-work` }, report)
    const queue = new WorkQueue(name, options ?? {}, { journal: this.#journal, report })
    this.#queues.set(name, queue)
    return queue
  }

  /** A client has no connection any more. */
  leave(peer: WorkPeer): void {
    for (const queue of this.#queues.values()) queue.leave(peer)
  }

  /** Sends out no more messages; what is with a worker may still end. */
  stop(): void {
    for (const queue of this.#queues.values()) queue.stop()
  }

  /** Behind everything else: what ended is written down. */
  close(): void {
    this.#journal?.close()
  }
}

const askedFor = (input: unknown): unknown[] => {
  try {
    const list: unknown = JSON.parse(Buffer.from(input as Uint8Array).toString())
    if (Array.isArray(list)) return list
  } catch {
    // The same as a list that is none.
  }
  throw failure('work', 'ERR_BAD_PAYLOAD', 'the name and the number of messages at once are missing')
}
