/** A relay before a server, which can be cut: what a partition of the network does. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Carries connections to a port of this machine, unless it is cut. */
export interface Relay {
  readonly port: number
  /** From here on bytes are swallowed, both ways, and connections hang: nobody hears of it. */
  cut(): void
  /** Ends what hung, and carries new connections again. */
  heal(): void
  close(): Promise<void>
}

export const startRelay = async (target: number): Promise<Relay> => {
  let isCut = false
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from)
      from.on('error', () => {})
      from.on('data', (data: Buffer) => {
        if (isCut || to.write(data)) return
        from.pause()
        to.once('drain', () => from.resume())
      })
      from.once('close', () => {
        open.delete(from)
        // A peer behind a partition hears nothing of an end either.
        if (!isCut) to.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const drop = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    cut: () => {
      isCut = true
    },
    heal: () => {
      isCut = false
      drop()
    },
    close: async () => {
      isCut = false
      const closed = once(server, 'close')
      server.close()
      drop()
      await closed
    },
  }
}
