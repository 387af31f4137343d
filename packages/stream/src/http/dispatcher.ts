import { invalidArgument } from '@uds/winsock-ffi'
import type { Address } from '@uds/winsock-ffi/internal'
import { agent } from './agent.ts'
import { dial, type Dial, type DialOptions } from './dial.ts'
import { FetchDispatcher } from './fetch-dispatcher.ts'

/**
 * What `fetch` takes as `dispatcher`, by the types of undici. Without the option `Agent` it has what `fetch` and
 * `WebSocket` need (`dispatch`, `close`, `destroy`); the other methods throw `ENOTSUP`.
 */
export type Dispatcher = NonNullable<RequestInit['dispatcher']>

/** A class with the constructor of undici's `Agent`. */
export type DispatcherClass<D> = new (options: never) => D

/** The part of that constructor's options that is used here. */
interface AgentOptions {
  readonly connect: (options: object, callback: Parameters<Dial>[0]) => void
  readonly [option: string]: unknown
}

export interface DispatcherOptions<D> extends DialOptions {
  /**
   * The class to make, for the whole API of undici: `Agent`, `Pool`, ... of the version that will use it, as versions do
   * not always understand each other's. Unless given, one that every version's `fetch` understands.
   */
  readonly Agent?: DispatcherClass<D> | undefined
  /** More options, for that class: `pipelining`, `connections`, `keepAliveTimeout`, `headersTimeout`, ... */
  readonly agentOptions?: Readonly<Record<string, unknown>> | undefined
}

/**
 * A dispatcher for `fetch` and undici whose connections all go to one address, whatever host the URL names. Close it
 * (`close()`, `destroy()`) when it is no longer needed.
 *
 * @example
 * ```ts
 * const docker = dispatcher('unix:/var/run/docker.sock')
 * const response = await fetch('http://docker/version', { dispatcher: docker })
 * ```
 *
 * @throws TypeError for an address that cannot be one; a failed connect is the `cause` of what fetch rejects with.
 */
export function dispatcher(address: string | Address, options?: DispatcherOptions<never>): Dispatcher
export function dispatcher<D>(
  address: string | Address,
  options: DispatcherOptions<D> & { readonly Agent: DispatcherClass<D> },
): D
export function dispatcher(address: string | Address, options: DispatcherOptions<unknown> = {}): unknown {
  const { Agent, agentOptions, connect } = options
  if (Agent === undefined) return new FetchDispatcher(agent(address, { connect }))
  if (typeof Agent !== 'function')
    throw invalidArgument('dispatcher', 'Agent', 'a class, as undici exports it', Agent)
  const open = dial(address, { connect }, 'dispatcher')
  return new (Agent as new (options: AgentOptions) => unknown)({
    ...agentOptions,
    connect: (_options, callback) => open(callback),
  })
}
