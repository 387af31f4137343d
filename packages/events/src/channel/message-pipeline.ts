/** MessagePipeline: schema, middleware, handler. */
import type { Check, Checks } from '../contract/contract.ts'
import { failure } from '../errors/errors.ts'
import { handled, observe } from '../handlers/diagnostics.ts'
import type { HandlerRegistry } from '../handlers/registry.ts'
import { isThenable } from '../handlers/listeners.ts'
import { OWN_NAMES } from '../names.ts'
import { type IncomingMessage, runMiddleware } from '../handlers/middleware.ts'

/** What everything that arrives has to pass: the schema of its name, then the middleware. */
export class MessagePipeline {
  readonly #handlers: HandlerRegistry
  readonly #checks: Checks | undefined
  readonly #peer: unknown
  /** While a schema answers later, the messages behind it wait, so that the order stays. */
  #tail: Promise<void> | undefined

  constructor(handlers: HandlerRegistry, checks: Checks | undefined, peer: unknown) {
    this.#handlers = handlers
    this.#checks = checks
    this.#peer = peer
  }

  /** Nothing has to be passed at the moment. */
  get isEmpty(): boolean {
    return (
      this.#checks === undefined &&
      this.#tail === undefined &&
      this.#handlers.middleware.length === 0 &&
      !handled.hasSubscribers
    )
  }

  /** Checks the data, runs the middleware, then `last`; returns its result, or a promise of it. */
  run(
    kind: IncomingMessage['kind'],
    name: string,
    data: unknown,
    redelivered: boolean,
    last: (data: unknown) => unknown,
  ): unknown {
    if (!handled.hasSubscribers || name.startsWith(OWN_NAMES))
      return this.#pass(kind, name, data, redelivered, last)
    return observe({ end: this.#handlers.owner, peer: this.#peer, kind, name }, () =>
      this.#pass(kind, name, data, redelivered, last),
    )
  }

  // oxlint-disable-next-line max-params
  #pass(
    kind: IncomingMessage['kind'],
    name: string,
    data: unknown,
    redelivered: boolean,
    last: (data: unknown) => unknown,
  ): unknown {
    const { middleware } = this.#handlers
    const check = this.#check(kind, name)
    const go = (checkedData: unknown): unknown =>
      middleware.length === 0
        ? last(checkedData)
        : runMiddleware(middleware, { kind, name, data: checkedData, peer: this.#peer, redelivered }, last)
    const value = check === undefined ? data : check(data)
    if (!isThenable(value) && this.#tail === undefined) return go(value)
    // Started in the order of arrival; not ended in it, or one slow handler would stop all.
    const before = this.#tail
    const ready = (async () => {
      await before
      return await value
    })()
    const tail = ready.then(noop, noop)
    this.#tail = tail
    void tail.finally(() => {
      if (this.#tail === tail) this.#tail = undefined
    })
    return ready.then(go)
  }

  #check(kind: IncomingMessage['kind'], name: string): Check | undefined {
    const checks = this.#checks
    if (checks === undefined) return undefined
    const check = kind === 'emit' || kind === 'send' ? checks.event(name) : checks.request(name)
    if (check !== undefined || name.startsWith(OWN_NAMES)) return check
    throw failure('validate', 'ERR_VALIDATION', `'${name}' is not in the contract`)
  }
}

const noop = (): void => {}
