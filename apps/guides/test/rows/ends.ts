/** A server and clients of @uds/events in memory, for the rows of the guides; their connections can be cut. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { EventClient, EventServer } from '@uds/events'
import type { AnyMap, ClientOptions, ServerOptions, ServerPeer } from '@uds/events'
import { memory } from '@uds/stream'
import type { Transport } from '@uds/stream'
import { freshName } from '@uds/testkit'
import { onTestFinished } from 'vitest'

/** A transport whose connections can be cut, as a network does. */
export const cuttable = (): { readonly transport: Transport; cut(): void } => {
  const open = new Set<Duplex>()
  const transport: Transport = {
    ...memory,
    connect: async (address, options) => {
      const connection = await memory.connect(address, options)
      open.add(connection)
      connection.once('close', () => open.delete(connection))
      return connection
    },
    listen: (address, options) => memory.listen(address, options),
  }
  return {
    transport,
    cut: () => {
      for (const connection of open) connection.destroy()
    },
  }
}

/** One client, and the server's end of it. */
export interface End {
  readonly here: EventClient
  readonly peer: ServerPeer<AnyMap>
}

export const serve = async (options: ServerOptions = {}): Promise<EventServer> => {
  const server = await EventServer.listen(`memory:${freshName()}`, options)
  onTestFinished(() => server.close({ graceMs: 0 }))
  return server
}

export const join = async (server: EventServer, options: ClientOptions = {}): Promise<End> => {
  const connection = once(server as never, 'connection') as Promise<[ServerPeer<AnyMap>]>
  const here = await EventClient.connect(server.address, options)
  onTestFinished(() => here.close({ graceMs: 0 }))
  const [peer] = await connection
  return { here, peer }
}

/** A server with so many clients. */
export const pair = async (
  count = 1,
  server: ServerOptions = {},
  client: ClientOptions = {},
): Promise<End & { readonly server: EventServer; readonly ends: readonly End[] }> => {
  const listening = await serve(server)
  const ends: End[] = []
  for (let each = 0; each < count; each += 1) ends.push(await join(listening, client))
  const [first] = ends
  if (first === undefined) throw new Error('a pair has at least one client')
  return { server: listening, ends, ...first }
}

/** The events `say` that each client hears until all that was sent to it has come. */
export const heard = async (ends: readonly End[], say: () => void): Promise<unknown[][]> => {
  const got: unknown[][] = ends.map(() => [])
  for (const [index, { here }] of ends.entries()) here.on('say', (text) => got[index]?.push(text))
  say()
  for (const { here } of ends) await here.ping()
  return got
}
