import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { portTransport } from '@uds/stream/port'
import { expect, onTestFinished, test } from 'vitest'
import { EventClient } from '@uds/events'

test('a client and a server in two threads: events, acknowledged messages, requests, streams both ways', async () => {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(join(import.meta.dirname, 'fixtures/event-thread.ts'), {
    workerData: port2,
    transferList: [port2],
  })
  const client = await EventClient.connect('port:thread', { transport: portTransport(port1) })
  onTestFinished(async () => {
    await client.close()
    await worker.terminate()
    port1.close()
  })
  const heard = client.once('said')
  await client.send('say', { text: 'hi' })
  expect((await heard)[0]).toEqual({ text: 'hi' })
  const bytes = Buffer.alloc(300_000, 7)
  expect(await client.request('echo', bytes)).toEqual(bytes)
  const items: unknown[] = []
  for await (const item of client.stream('count', 1000)) items.push(item)
  expect(items).toEqual(Array.from({ length: 1000 }, (_, at) => at))
  expect(await client.request('sum', ReadableStream.from([1, 2, 3]))).toBe(6)
})
