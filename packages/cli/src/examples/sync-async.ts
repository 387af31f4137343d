/** The example of 1,000 messages: each awaited, and all at once. */
import { Linker } from '@uds/events'
import { assertEqual, type Example } from './example.ts'

const COUNT = 1000

/** Sends 1,000 numbers; resolves with the milliseconds until the last has arrived. */
const send = async (server: Linker, client: Linker, awaited: boolean): Promise<number> => {
  const numbers: unknown[] = []
  const arrived = new Promise<void>((resolve) => {
    server.receive('n', (data) => {
      if (numbers.push(data) === COUNT) resolve()
    })
  })
  const from = performance.now()
  for (let n = 0; n < COUNT; n++) {
    if (awaited) await client.sendSync('n', n)
    else client.send('n', n)
  }
  await arrived
  const ms = performance.now() - from
  server.removeReceiver('n')
  assertEqual(
    'all numbers, in their order',
    numbers,
    Array.from({ length: COUNT }, (_, n) => n),
  )
  return ms
}

/** Each message awaited, and all at once. */
export const syncAndAsync: Example = {
  title: 'sync and async sending',
  run: async ({ channel, options, print }) => {
    const server = new Linker('server', channel, options)
    const client = new Linker('client', channel, options)
    try {
      assertEqual('the client', await client.ready)
      for (const awaited of [true, false]) {
        const ms = await send(server, client, awaited)
        const each = ((ms * 1000) / COUNT).toFixed(1)
        print(
          `${awaited ? 'sendSync, each awaited' : 'send, all at once'}: ${COUNT} messages, ${each} µs each`,
        )
      }
    } finally {
      await Promise.all([client.close(), server.close()])
    }
  },
}
