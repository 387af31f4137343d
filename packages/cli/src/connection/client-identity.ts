/** Identity of clients for error messages: it is read at accept, because a closed socket has none. */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { peerCredentials, type Transport } from '@uds/stream'
import { codeOf, explain } from '../exit/failure.ts'

const clients = new WeakMap<Duplex, string>()

const describe = (connection: Duplex): string => {
  const { remoteAddress, remotePort } = connection instanceof Socket ? connection : {}
  if (remoteAddress !== undefined) return `${remoteAddress} port ${remotePort}`
  try {
    const { pid, uid } = peerCredentials(connection)
    return [pid !== undefined && `process ${pid}`, uid !== undefined && `uid ${uid}`]
      .filter(Boolean)
      .join(', ')
  } catch {
    // Without koffi, the system cannot be asked.
    return ''
  }
}

/** A transport whose clients {@link clientFailure} can name. */
export const rememberClients = (transport: Transport): Transport => ({
  ...transport,
  listen: async (address, options) => {
    const listener = await transport.listen(address, options)
    listener.on('connection', (connection) => clients.set(connection, describe(connection)))
    return listener
  },
})

/** The note about a connection that broke: who the client was, where known, and why it broke. */
export const clientFailure = (
  error: unknown,
  connection?: Duplex,
): [text: string, value: Readonly<Record<string, unknown>>] => {
  const client = (connection && clients.get(connection)) || undefined
  const why = explain(error)
  const who = client === undefined ? 'a client' : `a client (${client})`
  return [`${who} broke off: ${why}`, { error: why, code: codeOf(error), client }]
}
