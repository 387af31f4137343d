import type { Duplex } from 'node:stream'
import { memory } from '@uds/stream'
import type { Transport } from '@uds/stream'

/** Cuts what a connection reads into pieces of these sizes, one after the other and over again. */
const cut = <C extends Duplex>(connection: C, sizes: readonly number[]): C => {
  const push = connection.push.bind(connection)
  let turn = 0
  let left = sizes[0] ?? Infinity
  connection.push = (chunk: Buffer | null) => {
    if (chunk === null) return push(null)
    let goesOn = true
    for (let at = 0; at < chunk.length;) {
      const end = Math.min(at + left, chunk.length)
      goesOn = push(Buffer.from(chunk.subarray(at, end)))
      left -= end - at
      if (left === 0) left = sizes[++turn % sizes.length] ?? Infinity
      at = end
    }
    return goesOn
  }
  return connection
}

/** Connections in memory, on which both ends read pieces of these sizes: `Infinity` is all the rest. */
export const splitting = (toServer: readonly number[], toClient: readonly number[]): Transport => ({
  ...memory,
  connect: async (...args) => cut(await memory.connect(...args), toClient),
  listen: async (...args) => {
    const listener = await memory.listen(...args)
    listener.on('connection', (connection) => void cut(connection, toServer))
    return listener
  },
})
