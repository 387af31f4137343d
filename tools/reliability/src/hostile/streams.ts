/** Hostile clients of a LineServer and of a Linker: bytes over real sockets. */
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { LineClient, LineServer } from '@uds/events'
import { connect } from '@uds/stream'
import { listed } from '../deaths/history.ts'
import type { Trial } from '../trials/trial.ts'
import { escapes } from './escaped.ts'
import { mutateBytes } from './mutate.ts'

const LINES = Buffer.from('hello\n{"a":1}\r\n\u00e9t\u00e9 \u{1f600}\n\n  \nlast')
const CONNECTIONS = 1500
const EVERY = 100

const ended = (connection: Duplex): Promise<void> =>
  new Promise((resolve) => void connection.once('close', () => resolve()))

export const hostileLines: Trial = {
  run: async ({ directory, random, scale }) => {
    const path = join(directory, 'l')
    const problems: string[] = []
    const server = new LineServer({
      path,
      withAck: true,
      withBroadcast: true,
      handler: () => {},
      logger: false,
    })
    await server.run()
    const honest = await LineClient.connect({ path })
    const connections = CONNECTIONS * scale
    const escaped = await escapes(async () => {
      for (let done = 1; done <= connections; done += 1) {
        const connection = await connect(`unix:${path}`)
        connection.on('error', () => {})
        connection.resume()
        let bytes: Buffer = LINES
        for (let times = random.between(1, 4); times > 0; times -= 1) bytes = mutateBytes(bytes, random)
        connection.write(bytes)
        const closed = ended(connection)
        if (random.next() < 0.5) connection.end()
        else connection.destroy()
        await closed
        if (done % EVERY === 0) await honest.sendAndWait(`honest ${done}`)
      }
    })
    problems.push(...listed('escaped', escaped))
    await honest.exit()
    await server.shutdown()
    return { tried: connections, counts: `${connections} hostile connections`, problems }
  },
}
