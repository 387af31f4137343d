/** HandlerRegistry: the handlers of events and requests, by name. */
import { checkOptions, invalidArgument, invalidValue } from '@uds/winsock-ffi'
import { asError } from '../errors/errors.ts'
import { checkName, isReserved, OWN_NAMES } from '../names.ts'
import { count } from '../options.ts'
import { EventStream, type StreamedEvent, type Pausable } from './event-stream.ts'
import { failed, type ErrorMessage } from './diagnostics.ts'
import type { Delivery, Handler, OthersHandler, OthersListener } from './handler.ts'
import { type Listener, Listeners } from './listeners.ts'
import type { Middleware } from './middleware.ts'
import { checkPattern, isPattern } from './patterns.ts'

/** Who an event came from, for a reader of the events: which connection to hold, and whom to name. */
export interface EventOrigin {
  readonly delivery: Delivery
  readonly peer: unknown
  readonly connection: Pausable | undefined
}

/** What a client, or all peers of a server, listen to and answer. */
export class HandlerRegistry {
  /** Of the events of the map. */
  readonly eventListeners: Listeners = new Listeners()
  readonly requests: Map<string, Handler> = new Map()
  readonly middleware: Middleware[] = []
  /** The client, or server, whose they are. */
  owner: object | undefined
  /** Called when a handler or listener has come or gone. */
  changed: (() => void) | undefined
  /** Called for events that have no listener: with the name, then as a listener. */
  others: OthersListener | undefined
  /** Answers requests that have no handler. */
  #othersHandler: OthersHandler | undefined
  /** Of what happens to the connection. */
  readonly #local = new Listeners()
  #ended = false
  readonly #streams = new Set<EventStream<unknown>>()
  readonly #originOf: (args: readonly unknown[]) => EventOrigin
  readonly #description: () => string

  /**
   * @param heard - finds what a listener was called with behind the data
   * @param whoAmI - this end, for people
   */
  constructor(heard: (args: readonly unknown[]) => EventOrigin, whoAmI: () => string) {
    this.#originOf = heard
    this.#description = whoAmI
  }

  #of(where: string, name: string): Listeners {
    if (isReserved(name)) return this.#local
    if (typeof name === 'string' && isPattern(name)) checkPattern(where, name)
    else checkName(where, name)
    return this.eventListeners
  }

  on(name: string, listener: Listener): void {
    this.#of('on', name).add(name, listener)
    this.changed?.()
  }

  /** Without a listener, a promise of what it would be called with. */
  once(name: string, listener: Listener | undefined): Promise<unknown> | undefined {
    const listeners = this.#of('once', name)
    if (listener === undefined) {
      // There will be no room, and none is needed: a caller that would wait for ever goes on.
      if (name === 'drain' && this.#ended) return Promise.resolve([])
      return new Promise((resolve) => listeners.addOnce(name, (...args: never[]) => resolve(args)))
    }
    listeners.addOnce(name, listener)
    return undefined
  }

  off(name: string, listener: Listener): void {
    this.#of('off', name).remove(name, listener)
    this.changed?.()
  }

  handle(name: string, handler: Handler): void {
    checkName('handle', name)
    if (typeof handler !== 'function') throw invalidArgument('handle', 'handler', 'a function', handler)
    if (this.requests.has(name)) {
      throw invalidValue(
        'handle',
        'name',
        'has a handler already; take it out with removeHandler first',
        name,
      )
    }
    this.requests.set(name, handler)
    this.changed?.()
  }

  removeHandler(name: string): void {
    checkName('removeHandler', name)
    if (name.startsWith(OWN_NAMES))
      throw invalidValue('removeHandler', 'name', 'belongs to this package', name)
    this.requests.delete(name)
    this.changed?.()
  }

  handleOthers(handler: OthersHandler | undefined): void {
    if (handler !== undefined && typeof handler !== 'function')
      throw invalidArgument('handleOthers', 'handler', 'a function, or undefined', handler)
    if (handler !== undefined && this.#othersHandler !== undefined)
      throw invalidValue(
        'handleOthers',
        'handler',
        'is there already; take it out with undefined first',
        handler,
      )
    this.#othersHandler = handler
    this.changed?.()
  }

  /** What answers a request that has no handler; the names of this package have none but its own. */
  handlerOfOthers(name: string): Handler | undefined {
    const handler = this.#othersHandler
    if (handler === undefined || name.startsWith(OWN_NAMES)) return undefined
    return (input, context) => handler(name, input, context)
  }

  onOthers(listener: OthersListener | undefined): void {
    if (listener !== undefined && typeof listener !== 'function')
      throw invalidArgument('onOthers', 'listener', 'a function, or undefined', listener)
    if (listener !== undefined && this.others !== undefined)
      throw invalidValue(
        'onOthers',
        'listener',
        'is there already; take it out with undefined first',
        listener,
      )
    this.others = listener
    this.changed?.()
  }

  use(middleware: Middleware): void {
    if (typeof middleware !== 'function') throw invalidArgument('use', 'middleware', 'a function', middleware)
    this.middleware.push(middleware)
  }

  events(
    name: string | undefined,
    options: { readonly limit?: number | undefined },
  ): EventStream<StreamedEvent> {
    checkOptions(options, 'events', ['limit'])
    const limit = count('events', 'limit', options.limit, 64)
    const stream = new EventStream<StreamedEvent>(limit, (take) => {
      const hear = (data: unknown, ...rest: unknown[]): unknown => {
        const { delivery, peer, connection } = this.#originOf(rest)
        return take({ name: delivery.name, data, peer, redelivered: delivery.redelivered }, connection)
      }
      const stop = this.#listen(name, hear)
      return () => {
        stop()
        this.#streams.delete(stream as EventStream<unknown>)
      }
    })
    this.#streams.add(stream as EventStream<unknown>)
    this.changed?.()
    return stream
  }

  #listen(name: string | undefined, hear: (data: unknown, ...rest: unknown[]) => unknown): () => void {
    if (name === undefined) return this.eventListeners.addAny((_, data, ...rest) => hear(data, ...rest))
    this.#of('events', name).add(name, hear)
    return () => this.eventListeners.remove(name, hear)
  }

  /** Calls the listeners of an event of the connection. */
  emitLocal(name: string, args: readonly unknown[]): void {
    void this.#local.call(name, args, (error) => this.report(asError(error)))
  }

  /** Reports an error that no caller awaits. */
  report(error: Error, peer?: unknown): void {
    if (failed.hasSubscribers) failed.publish({ end: this.owner, peer, error } satisfies ErrorMessage)
    if (this.#local.has('error')) void this.#local.call('error', [error, peer], () => {})
    else process.emitWarning(error.message, { type: 'UdsEventsWarning', detail: this.#description() })
  }

  /** No more events come. */
  end(): void {
    this.#ended = true
    for (const stream of this.#streams) stream.end()
  }
}
