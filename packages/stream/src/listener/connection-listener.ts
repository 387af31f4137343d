/** ConnectionListener: authorize, limits, events and iteration, closing, over any source of connections. */
import { milliseconds, count } from '@uds/winsock-ffi/internal'
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { checkOptions, optionNames, SocketError } from '@uds/winsock-ffi'
import { AcceptedQueue } from './accepted-queue.ts'
import { watchFile, type FileState, type FileWatch } from './file-state.ts'
import { Authorizer } from '../peer/authorizer.ts'
import { countAccepted } from '../observing/counters.ts'
import { LISTEN_OPTIONS, refuseMisspelt } from '../options/misspelt.ts'
import { traceAccept, traceClose, traceError } from '../observing/diagnostics.ts'
import type { CloseOptions, DropReason, Listener, ListenerEvents, ListenOptions } from '../transport.ts'

/** Where the connections of a {@link ConnectionListener} come from. */
export interface ListenerSource<C extends Duplex = Duplex> {
  /** As `formatAddress` writes it; called on each read of `listener.address`. */
  address(): string
  /**
   * Stops accepting and frees the address. Connections that arrive until it resolves are still accepted. It must not
   * wait for the connections to end.
   */
  stop(): Promise<void>
  ref(): void
  unref(): void
  /** Stops accepting until `resume`: peers wait in the system instead of being dropped. */
  pause?(): void
  resume?(): void
  /** Starts reading a connection that was held for `authorize`. */
  startReading?(connection: C): void
  /** Whether the socket file still leads here, where the address has one. */
  fileState?(): FileState
  /** Makes the socket file again, where the address has one; does nothing while it leads here. */
  relink?(): Promise<void>
  /** Called after all connections have ended; `close` rejects as it does. */
  finish?(): Promise<void>
}

const CLOSE_OPTIONS: readonly string[] = optionNames<CloseOptions>({ graceMs: true })

/** The checked limits. */
interface Limits {
  readonly maxConnections: number
  readonly maxQueued: number
}

const checked = (options: ListenOptions): Limits => {
  // A transport that is used by itself has no other check of names.
  refuseMisspelt(options, 'listen', LISTEN_OPTIONS)
  return readLimits(options)
}

const readLimits = (options: ListenOptions): Limits => ({
  maxConnections: count('listen', 'maxConnections', options.maxConnections, Infinity, 0),
  maxQueued: count('listen', 'maxQueued', options.maxQueued, 511, 0),
})

/**
 * A {@link Listener} over any source of connections: authorizes them, enforces the limits, hands them to a `for await`
 * or to `connection`, and closes them at the end. The source passes them to {@link ConnectionListener.accept}.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`, in the
 *   constructor, before anything is opened.
 */
export class ConnectionListener<C extends Duplex = Duplex>
  extends EventEmitter<ListenerEvents<C>>
  implements Listener<C>
{
  readonly #limits: Limits
  readonly #authorizer: Authorizer<C> | undefined
  readonly #queue = new AcceptedQueue<C>()
  readonly #open = new Set<C>()
  #source: ListenerSource<C> | undefined
  #paused = false
  #stopped = false
  #closing: Promise<void> | undefined
  #destroyTimer: NodeJS.Timeout | undefined
  #fileWatch: FileWatch | undefined

  constructor(options: ListenOptions) {
    super()
    this.#limits = checked(options)
    this.#authorizer = options.authorize === undefined ? undefined : new Authorizer(options)
    // A typed EventEmitter knows only its own events, not those that EventEmitter itself has.
    ;(this as EventEmitter).on('newListener', (event: unknown) => {
      // Queued connections are emitted once the event listener is added, before any newer one.
      if (event === 'connection' && this.#queue.length > 0) queueMicrotask(() => this.#flush())
      if (event === 'unlinked') this.#watchFile()
    })
  }

  /** True when the source must not read connections: `authorize` decides first. */
  get holdsReading(): boolean {
    return this.#authorizer !== undefined
  }

  /** Sets the source. Called once, when peers can connect. */
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

  /** Takes over a connection of the source: this listener closes it. */
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
    const authorizer = this.#authorizer
    if (!authorizer) this.#deliver(connection)
    else if (authorizer.full) this.#drop(connection, 'maxAuthorizing')
    else {
      authorizer.decide(connection, (refusal) => {
        if (refusal) this.#refuse(connection, refusal)
        else if (!connection.destroyed) {
          this.#source?.startReading?.(connection)
          this.#deliver(connection)
        }
      })
    }
  }

  /** Emits `connectionError`: an error of one connection, or of accepting. */
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

  /** Watches only for those who listen to `unlinked`. */
  #watchFile(): void {
    const source = this.#source
    if (this.#fileWatch || this.#stopped || !source?.fileState) return
    this.#fileWatch = watchFile(
      () => source.fileState!(),
      (cause) => this.emit('unlinked', cause),
    )
  }

  relink(): Promise<void> {
    const relinked = this.#relink()
    // A caller that does not wait for it hears of it by the event.
    relinked.catch((error: unknown) => this.failed(error as Error))
    return relinked
  }

  async #relink(): Promise<void> {
    if (this.#closing) {
      throw new SocketError({
        code: 'EBADF',
        syscall: 'relink',
        address: this.address,
        detail: 'the listener is closed',
      })
    }
    await this.#source?.relink?.()
    this.#fileWatch?.reset()
  }

  close(options: CloseOptions = {}): Promise<void> {
    checkOptions(options, 'close', CLOSE_OPTIONS)
    const graceMs = milliseconds('close', 'graceMs', options.graceMs, 0)
    const first = this.#closing === undefined
    this.#closing ??= this.#close()
    // A caller that does not wait for it hears of it by `connectionError`.
    this.#closing.catch(() => {})
    // A second call may set a shorter time than the first.
    if (graceMs === 0) void this.#stopping.then(() => this.#destroyAll())
    else if (graceMs !== Infinity && (first || this.#destroyTimer === undefined)) this.#destroyAfter(graceMs)
    return this.#closing
  }

  /** Resolves with what stopping failed with. */
  #stopping: Promise<Error | undefined> = Promise.resolve(undefined)

  async #close(): Promise<void> {
    this.#stopping = this.#stop()
    const failure = await this.#stopping
    await Promise.all(
      [...this.#open].map((each) => new Promise<void>((resolve) => each.once('close', resolve))),
    )
    clearTimeout(this.#destroyTimer)
    this.#queue.end()
    this.emit('close')
    if (failure) throw failure
    await this.#source?.finish?.()
  }

  async #stop(): Promise<Error | undefined> {
    let failure: Error | undefined
    this.#fileWatch?.close()
    try {
      await this.#source?.stop()
    } catch (error) {
      failure = error as Error
      this.failed(failure)
    }
    this.#stopped = true
    this.emit('stopped')
    // No more connections arrive; queued ones can be consumed until they are destroyed.
    if (this.#queue.length === 0) this.#queue.end()
    return failure
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
