/** requireDispatchers: refuses a dispatcher in a runtime whose `fetch` ignores it. */
import { SocketError } from '@uds/winsock-ffi'

/**
 * Bun and Deno have a `fetch` of their own, which does not read `dispatcher`: the request would go to the host of the URL,
 * over the network.
 *
 * @param hasClass - The caller passed a class of undici, which other runtimes than Bun can use with undici's own `fetch`; Bun puts
 *   a module of its own in its place.
 * @throws SocketError `ENOTSUP`.
 */
export const requireDispatchers = (hasClass: boolean): void => {
  const { bun, deno } = process.versions
  if (bun === undefined && (deno === undefined || hasClass)) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'dispatcher',
    detail: `fetch of ${bun === undefined ? 'Deno' : 'Bun'} ignores a dispatcher, and would send the request to the host of the URL`,
    advice:
      bun === undefined
        ? 'use agent() with node:http, or Deno.createHttpClient'
        : `use agent() with node:http, or fetch(url, { unix: '/path' })`,
  })
}
