/** Sending addresses elsewhere. */
import type { Duplex } from 'node:stream'
import { invalidArgument } from '@uds/winsock-ffi'
import { formatAddress, type Address } from '@uds/winsock-ffi/internal'
import { route as routeByScheme } from '../transports/route.ts'
import type { Transport } from '../transport.ts'
import { requireTransport } from '../options/check-options.ts'

/** Where an address leads: another address, a transport for it, or both. */
export type Destination =
  | string
  | Address
  | Transport
  | { readonly transport: Transport; readonly address: string | Address }

/**
 * Either a table, by the address as text or by its scheme with the colon (`'gpg:'`), or a function, whose undefined
 * leaves the address to the transport.
 */
export type Routes = Readonly<Record<string, Destination>> | ((address: string) => Destination | undefined)

const lookUp = (routes: Routes, address: string): Destination | undefined => {
  if (typeof routes === 'function') return routes(address)
  if (Object.hasOwn(routes, address)) return routes[address]
  const scheme = address.slice(0, address.indexOf(':') + 1)
  return scheme !== '' && Object.hasOwn(routes, scheme) ? routes[scheme] : undefined
}

const isTransport = (value: object): value is Transport =>
  typeof (value as Partial<Transport>).connect === 'function' &&
  typeof (value as Partial<Transport>).listen === 'function'

/**
 * The transport, with some addresses led elsewhere: `withRoute(tcp, { 'tcp:db:5432': 'unix:/run/db.sock' })`. A
 * destination is not routed again.
 */
export const withRoute = (transport: Transport, routes: Routes): Transport => {
  requireTransport('withRoute', transport)
  if (typeof routes !== 'function' && (typeof routes !== 'object' || routes === null)) {
    throw invalidArgument('withRoute', 'the routes', 'an object or a function', routes)
  }
  const find = (
    address: string | Address,
    where: string,
  ): { transport: Transport; address: string | Address } => {
    const text = typeof address === 'string' ? address : formatAddress(address)
    const found = lookUp(routes, text)
    if (found === undefined) return { transport, address }
    if (typeof found === 'string') return routeByScheme(found, undefined, where)
    if (isTransport(found)) return { transport: found, address }
    return 'transport' in found ? found : routeByScheme(found, undefined, where)
  }
  return {
    name: `route(${transport.name})`,
    capabilities: transport.capabilities,
    connect: async (address, options): Promise<Duplex> => {
      const to = find(address, 'connect')
      return await to.transport.connect(to.address, options)
    },
    listen: async (address, options) => {
      const at = find(address, 'listen')
      return await at.transport.listen(at.address, options)
    },
  }
}
