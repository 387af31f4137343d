/** What every listener does the same way, whatever its connections come from. */
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { AcceptedQueue } from './accepted-queue.ts'
import { Authorizer } from '../peer/authorizer.ts'
import { countAccepted } from '../observing/counters.ts'
import { traceAccept, traceClose, traceError } from '../observing/diagnostics.ts'
import { positiveMs, wholeNumber } from '../options/numbers.ts'
import type { CloseOptions, DropReason, Listener, ListenerEvents, ListenOptions } from '../transport.ts'

/** Where the connections of a {@link ConnectionListener} come from. */
export interface ListenerSource<C extends Duplex = Duplex> {
  /** As `formatAddress` writes it. Asked each time. */
  address(): string
  /**
   * Stops accepting and gives the address up. Connections that come until it resolves are accepted still. It must not
   * wait for the connections to end.
   */
  stop(): Promise<void>
  ref(): void
  unref(): void
  /** Accepts no more until `resume`, where the source can: peers then wait in the system instead of being dropped. */
  pause?(): void
  resume?(): void
  /** Begins to read a connection that was held for `authorize`. */
  startReading?(connection: C): void
}

/** The limits that a listener keeps to, checked. */
interface Limits {
  readonly maxConnections: number
  readonly maxQueued: number
}

const checked = (options: ListenOptions): Limits => ({
  maxConnections: wholeNumber('listen', 'maxConnections', options.maxConnections, Infinity),
  maxQueued: wholeNumber('listen', 'maxQueued', options.maxQueued, 511),
})

/**
 * A {@link Listener} over any source of connections: authorizes them, keeps the limits, hands them to a `for await` or
 * to `connection`, and closes them in the end. The source gives them to {@link ConnectionListener.accept}.
 *
 * @throws TypeError or RangeError for wrong options, in the constructor, before anything is opened.
 */
export class ConnectionListener<C extends Duplex = Duplex>
  extends EventEmitter<ListenerEvents<C>>
  implements Listener<C>
{
  readonly #limits: Limits
  readonly #gate: Authorizer<C> | undefined
  readonly #queue = new AcceptedQueue<C>()
  readonly #open = new Set<C>()
  #source: ListenerSource<C> | undefined
  #paused = false
  #stopped = false
  #closing: Promise<void> | undefined
  #destroyTimer: NodeJS.Timeout | undefined

  constructor(options: ListenOptions) {
    super()
    this.#limits = checked(options)
    this.#gate = options.authorize === undefined ? undefined : new Authorizer(options)
    // A typed EventEmitter knows only its own events, not those that EventEmitter itself has.
    ;(this as EventEmitter).on('newListener', (event: unknown) => {
      // What has waited comes after the listener is there, and before what comes next.
      if (event === 'connection' && this.#queue.length > 0) queueMicrotask(() => this.#flush())
    })
  }

  /** True when connections must not be read before {@link ConnectionListener.accept} lets them through. */
  get holdsReading(): boolean {
    return this.#gate !== undefined
  }

  /** Says where the connections come from. Called once, when peers can connect. */
  begin(source: ListenerSource<C>): this {
    this.#source = source
    return this
  }

  get address(): string {
    return this.#source?.address() ?? ''
  }

  get connections(): number {
    return this.#open.size
  }

  /** Takes a connection from the source. It is then this listener's to close. */
  accept(connection: C): void {
    connection.on('error', (error) => this.failed(error, connection))
    if (this.#stopped) {
      connection.destroy()
      return
    }
    if (this.#open.size >= this.#limits.maxConnections) {
      this.#drop(connection, 'maxConnections')
      return
    }
    this.#open.add(connection)
    connection.once('close', () => this.#forget(connection))
    countAccepted(connection)
    traceAccept(this, connection)
    const gate = this.#gate
    if (!gate) this.#deliver(connection)
    else if (gate.full) this.#drop(connection, 'maxAuthorizing')
    else {
      gate.ask(connection, (refusal) => {
        if (refusal) this.#refuse(connection, refusal)
        else if (!connection.destroyed) {
          this.#source?.startReading?.(connection)
          this.#deliver(connection)
        }
      })
    }
  }

  /** Tells of something that went wrong with one connection, or with accepting. */
  failed(error: Error, connection?: C): void {
    traceError('accept', this.address, error)
    this.emit('connectionError', error, connection)
  }

  #drop(connection: C, reason: DropReason): void {
    connection.destroy()
    this.emit('drop', reason)
  }

  #refuse(connection: C, refusal: Error): void {
    connection.destroy()
    this.failed(refusal, connection)
  }

  #deliver(connection: C): void {
    if (this.listenerCount('connection') > 0) {
      this.#flush()
      this.emit('connection', connection)
    } else if (this.#queue.length < this.#limits.maxQueued) {
      this.#queue.push(connection)
      if (this.#queue.length >= this.#limits.maxQueued) this.#pause()
    } else {
      this.#drop(connection, 'maxQueued')
    }
  }

  #flush(): void {
    for (const connection of this.#queue.drain()) this.emit('connection', connection)
    this.#resume()
  }

  #pause(): void {
    if (this.#paused || !this.#source?.pause) return
    this.#paused = true
    this.#source.pause()
  }

  #resume(): void {
    if (!this.#paused || this.#stopped) return
    this.#paused = false
    this.#source?.resume?.()
  }

  #forget(connection: C): void {
    this.#open.delete(connection)
    this.#queue.remove(connection)
    traceClose(this, connection)
    if (this.#queue.length < this.#limits.maxQueued) this.#resume()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<C> {
    const inner = this.#queue.iterate()
    const iterator: AsyncIterableIterator<C> = {
      next: async () => {
        const taken = inner.next()
        if (this.#queue.length < this.#limits.maxQueued) this.#resume()
        return await taken
      },
      return: () => inner.return!(),
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  close(options: CloseOptions = {}): Promise<void> {
    const graceMs = positiveMs('close', 'graceMs', options.graceMs, 0)
    const first = this.#closing === undefined
    this.#closing ??= this.#close()
    // A second call may have less patience than the first.
    if (graceMs === 0) void this.#stopping.then(() => this.#destroyAll())
    else if (graceMs !== Infinity && (first || this.#destroyTimer === undefined)) this.#destroyAfter(graceMs)
    return this.#closing
  }

  #stopping: Promise<void> = Promise.resolve()

  async #close(): Promise<void> {
    this.#stopping = this.#stop()
    await this.#stopping
    await Promise.all(
      [...this.#open].map((each) => new Promise<void>((resolve) => each.once('close', resolve))),
    )
    clearTimeout(this.#destroyTimer)
    this.#queue.end()
    this.emit('close')
  }

  async #stop(): Promise<void> {
    try {
      await this.#source?.stop()
    } catch (error) {
      this.failed(error as Error)
    }
    this.#stopped = true
    this.emit('stopped')
    // Nothing more will come; what waits can still be taken until the connections are destroyed.
    if (this.#queue.length === 0) this.#queue.end()
  }

  #destroyAfter(graceMs: number): void {
    this.#destroyTimer = setTimeout(() => this.#destroyAll(), graceMs)
  }

  #destroyAll(): void {
    for (const connection of this.#open) connection.destroy()
  }

  ref(): this {
    this.#source?.ref()
    return this
  }

  unref(): this {
    this.#source?.unref()
    return this
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
