/** requireDispatchers: refuses a dispatcher in a runtime whose `fetch` ignores it. */
import { SocketError } from '@uds/winsock-ffi'
import { runtime, runtimeName } from '@uds/winsock-ffi/internal'

/**
 * Bun and Deno have a `fetch` of their own, which does not read `dispatcher`: the request would go to the host of the URL,
 * over the network.
 *
 * @param hasClass - The caller passed a class of undici, which other runtimes than Bun can use with undici's own `fetch`; Bun puts
 *   a module of its own in its place.
 * @throws SocketError `ENOTSUP`.
 */
export const requireDispatchers = (hasClass: boolean): void => {
  if (runtime.name === 'node' || (runtime.name === 'deno' && hasClass)) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'dispatcher',
    detail: `fetch of ${runtimeName} ignores a dispatcher, and would send the request to the host of the URL`,
    advice:
      runtime.name === 'deno'
        ? 'use agent() with node:http, or Deno.createHttpClient'
        : `use agent() with node:http, or fetch(url, { unix: '/path' })`,
  })
}
