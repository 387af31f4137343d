/** fetch: the global one, with the type of its option `dispatcher`. */
import type { Dispatcher } from './dispatcher.ts'

/** The options of {@link fetch}. */
export interface FetchOptions extends Omit<RequestInit, 'dispatcher'> {
  /** Where the requests go, whatever host the URL names. */
  readonly dispatcher?: Dispatcher | undefined
}

/**
 * The global `fetch`. The types of a project with the library "dom" do not know its option `dispatcher`; these do.
 *
 * @example
 * ```ts
 * const response = await fetch('http://docker/version', { dispatcher: dispatcher('unix:/var/run/docker.sock') })
 * ```
 */
export const fetch = (input: string | URL | Request, options?: FetchOptions): Promise<Response> =>
  globalThis.fetch(input, options as RequestInit)
