/** Who a client is, to be told when it fails before it is one: by then its socket is closed, and says nothing. */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { peerCredentials, type Transport } from '@uds/stream'
import { codeOf, explain } from '../exit/failure.ts'

const known = new WeakMap<Duplex, string>()

const describe = (connection: Duplex): string => {
  const { remoteAddress, remotePort } = connection instanceof Socket ? connection : {}
  if (remoteAddress !== undefined) return `${remoteAddress} port ${remotePort}`
  try {
    const { pid, uid } = peerCredentials(connection)
    return [pid !== undefined && `process ${pid}`, uid !== undefined && `uid ${uid}`]
      .filter(Boolean)
      .join(', ')
  } catch {
    // Without koffi nobody tells.
    return ''
  }
}

/** A transport whose clients can be named by {@link brokenOff}. */
export const remembering = (transport: Transport): Transport => ({
  ...transport,
  listen: async (address, options) => {
    const listener = await transport.listen(address, options)
    listener.on('connection', (connection) => known.set(connection, describe(connection)))
    return listener
  },
})

/** That a client broke off, who it was as far as that is known, and why: in one line, and for programs. */
export const brokenOff = (
  error: unknown,
  connection?: Duplex,
): [text: string, value: Readonly<Record<string, unknown>>] => {
  const client = (connection && known.get(connection)) || undefined
  const why = explain(error)
  const who = client === undefined ? 'a client' : `a client (${client})`
  return [`${who} broke off: ${why}`, { error: why, code: codeOf(error), client }]
}
