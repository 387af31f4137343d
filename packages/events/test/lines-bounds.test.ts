// What one end of a line connection does not read is bounded, and an end that reads is never cut off.
import { codeOf, until } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { namedPipes } from '../src/unixevents/channel/platform.ts'
import { join, raw, serve } from './fixtures/line-ends.ts'

/** A logger that keeps what goes wrong. */
const keeping = (
  errors: string[],
): { info: (message: string) => void; error: (message: string) => void } => ({
  info: () => {},
  error: (message) => errors.push(message),
})

describe('the acknowledgements of a line server', () => {
  test('hold its reading back while they wait, and all of them reach a client that reads', async () => {
    const errors: string[] = []
    const server = await serve({
      withAck: true,
      ackMessage: `${'a'.repeat(99)}\n`,
      maxQueueBytes: 100_000,
      handler: () => {},
      logger: keeping(errors),
    })
    const client = await raw(server)
    const count = 50_000
    client.write('x\n'.repeat(count))
    await until(() => client.text().length === count * 100)
    expect([server.clients, errors]).toEqual([1, []])
  })

  test.skipIf(namedPipes)('wait for a client that does not read, which is not read any further', async () => {
    let handled = 0
    const server = await serve({
      withAck: true,
      ackMessage: `${'a'.repeat(999)}\n`,
      maxQueueBytes: 100_000,
      handler: () => void handled++,
    })
    const client = (await raw(server)).pause()
    const count = 20_000
    let taken = false
    client.write(`${'x'.repeat(99)}\n`.repeat(count), () => (taken = true))
    // Another client is served all the time.
    const other = await join(server, { ackMessage: `${'a'.repeat(999)}\n` })
    for (let round = 0; round < 50; round++) await other.sendAndWait('y')
    expect([server.clients, taken]).toEqual([2, false])
    expect(handled - 50).toBeLessThan(5000)
    client.resume()
    await until(() => client.text().length === count * 1000)
    expect(server.clients).toBe(2)
  })

  test.skipIf(namedPipes)('that nobody reads any more are dropped with their client', async () => {
    const server = await serve({ withAck: true, ackMessage: `${'a'.repeat(999)}\n`, handler: () => {} })
    const client = (await raw(server)).pause()
    client.write('x\n'.repeat(10_000))
    const other = await join(server, { ackMessage: `${'a'.repeat(999)}\n` })
    await other.sendAndWait('y')
    client.destroy()
    await until(() => server.clients === 1)
    expect(await other.sendAndWait('z')).toHaveLength(1000)
  })
})

describe('the lines that a server broadcasts', () => {
  test('wait for clients that read more slowly than another one sends', async () => {
    const errors: string[] = []
    const server = await serve({
      withBroadcast: true,
      maxQueueBytes: 300_000,
      handler: () => {},
      logger: keeping(errors),
    })
    const [sender, reader] = [await raw(server), await raw(server)]
    const count = 100_000
    const line = `${'x'.repeat(99)}\n`
    sender.write(line.repeat(count))
    await until(() => reader.text().length === count * line.length)
    expect([server.clients, errors]).toEqual([2, []])
  })

  test.skipIf(namedPipes)(
    'end a client that does not read with ERR_SLOW_CONSUMER, and hold nobody else up',
    async () => {
      const errors: string[] = []
      const server = await serve({
        withBroadcast: true,
        maxQueueBytes: 300_000,
        handler: () => {},
        logger: keeping(errors),
      })
      const [sender, reader] = [await raw(server), await raw(server)]
      const slow = (await raw(server)).pause()
      const line = `${'x'.repeat(999)}\n`
      const count = 5000
      sender.write(line.repeat(count))
      await until(() => reader.text().length === count * line.length)
      expect(errors).toEqual([expect.stringContaining('ERR_SLOW_CONSUMER')])
      expect(server.clients).toBe(2)
      slow.destroy()
    },
  )
})

describe('a line client', () => {
  test('keeps no more than maxQueueBytes while it waits for an acknowledgement, and says so', async () => {
    const server = await serve()
    const client = await join(server, { maxQueueBytes: 100_000 })
    const waiting = codeOf(client.sendAndWait('x', { timeoutMs: 10_000 }))
    const line = 'x'.repeat(999)
    for (let n = 0; n < 1000; n++) server.broadcast(line)
    expect(await waiting).toBe('ERR_QUEUE_FULL')
    expect(await codeOf(client.sendAndWait('x'))).toBe('ERR_QUEUE_FULL')
    for (let n = 0; n < 1000; n++) expect(await client.receive()).toBe(line)
  })
})
