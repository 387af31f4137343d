/** Calls: requests as methods, `client.call.add({ a: 1, b: 2 })`. */
import type { CallArguments, Reply, RequestName, RequestOptions } from '../map.ts'

/** The requests with one reply of a set, each as a method that takes what `request` takes behind the name. */
export type Calls<R> = {
  readonly [N in RequestName<R>]: (...rest: CallArguments<R[N], RequestOptions>) => Promise<Reply<R[N]>>
}

/** Makes the methods when they are asked for: the names of the other end's requests are not known here. */
export const callsOf = <R>(
  request: (name: string, rest: readonly unknown[]) => Promise<unknown>,
): Calls<R> => {
  const methods = new Map<string, (...rest: unknown[]) => Promise<unknown>>()
  return new Proxy(Object.create(null) as Calls<R>, {
    get: (_, name) => {
      // `await client.call` asks whether it is a promise.
      if (typeof name !== 'string' || name === 'then') return undefined
      let method = methods.get(name)
      if (method === undefined) {
        method = (...rest) => request(name, rest)
        methods.set(name, method)
      }
      return method
    },
  })
}
