import { Linker } from '@uds/events'
import type { LinkerOptions } from '@uds/events'

const COUNT = 1000

/** 4. Synchronous against asynchronous sending: each awaited, and all at once. */
export const syncAndAsync = async (channel: string, options: LinkerOptions): Promise<void> => {
  const server = new Linker('server', channel, options)
  const client = new Linker('client', channel, options)
  await client.ready
  for (const how of ['sendSync, each awaited', 'send, all at once'] as const) {
    const arrived = new Promise<void>((resolve) => {
      let count = 0
      server.removeReceiver('n')
      server.receive('n', () => {
        count += 1
        if (count === COUNT) resolve()
      })
    })
    const from = performance.now()
    for (let n = 0; n < COUNT; n++) {
      if (how.startsWith('sendSync')) await client.sendSync('n', n)
      else client.send('n', n)
    }
    await arrived
    const ms = performance.now() - from
    console.log(`${how}: ${COUNT} messages, ${((ms * 1000) / COUNT).toFixed(1)} us each`)
  }
  await Promise.all([client.close(), server.close()])
}
