import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { codeOf, until } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { applies, complianceCases } from '../src/compliance/index.ts'
import { portTransport } from '../src/port/index.ts'
import type { Transport } from '../src/index.ts'

/** The transports of the two ends of a channel in this thread. */
const both = (): readonly [near: ReturnType<typeof portTransport>, far: ReturnType<typeof portTransport>] => {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => {
    port1.close()
    port2.close()
  })
  return [portTransport(port1), portTransport(port2)]
}

let names = 0
const address = (): string => `port:test ${(names += 1)}`

describe('the port transport', () => {
  for (const each of complianceCases) {
    test(`${each.id} ${each.name}`, async () => {
      const [near, far] = both()
      // A connect reaches the listeners of the other end.
      const transport: Transport = { ...near, listen: (at, options) => far.listen(at, options) }
      expect(applies(each, transport)).toBe(true)
      await expect(each.run({ transport, address })).resolves.toBeUndefined()
    })
  }
})

/** A thread with a listener of its own, which answers as its fixture says. */
const thread = async (): Promise<{ transport: ReturnType<typeof portTransport>; worker: Worker }> => {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(join(import.meta.dirname, 'fixtures/port-thread.ts'), {
    workerData: port2,
    transferList: [port2],
  })
  onTestFinished(async () => {
    await worker.terminate()
    port1.close()
  })
  return { transport: portTransport(port1), worker }
}

describe('between threads', () => {
  test('bytes come back, a megabyte of them moved and not copied', async () => {
    const { transport } = await thread()
    const connection = await transport.connect('port:echo')
    const bytes = new Uint8Array(1024 * 1024).fill(7)
    connection.writeMoved(bytes)
    // The memory is the other thread's now.
    expect(bytes.byteLength).toBe(0)
    let got = 0
    for await (const chunk of connection as AsyncIterable<Buffer>) {
      got += chunk.length
      expect(chunk.every((byte) => byte === 7)).toBe(true)
      if (got === 1024 * 1024) connection.end()
    }
    expect(got).toBe(1024 * 1024)
  })

  test('bytes that are a part of their memory, or cannot move, are copied and stay', async () => {
    const { transport } = await thread()
    const connection = await transport.connect('port:echo')
    const whole = Buffer.from('a part of the pool of Node')
    connection.writeMoved(whole.subarray(2, 6))
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(0x78)
    connection.writeMoved(shared)
    let text = ''
    for await (const chunk of connection as AsyncIterable<Buffer>) {
      text += chunk.toString()
      if (text.length === 8) connection.end()
    }
    expect(text).toBe('partxxxx')
    expect(whole.toString()).toBe('a part of the pool of Node')
    expect(shared.byteLength).toBe(4)
  })

  test('a thread that ends, ends its connections, and refuses from then on', async () => {
    const { transport, worker } = await thread()
    const connection = await transport.connect('port:echo')
    connection.resume()
    await worker.terminate()
    await until(() => connection.closed)
    expect(await codeOf(transport.connect('port:echo'))).toBe('ECONNREFUSED')
  })

  test('a thread that ends before it has answered refuses', async () => {
    const { port1, port2 } = new MessageChannel()
    const worker = new Worker('', { eval: true, workerData: port2, transferList: [port2] })
    const transport = portTransport(port1)
    expect(await codeOf(transport.connect('port:echo'))).toBe('ECONNREFUSED')
    await worker.terminate()
  })

  test('connect waits for a thread that starts, no longer than it may', async () => {
    const { port1, port2 } = new MessageChannel()
    const near = portTransport(port1)
    expect(await codeOf(near.connect('port:late', { timeoutMs: 5 }))).toBe('ETIMEDOUT')
    const connecting = near.connect('port:late')
    const far = portTransport(port2)
    // The first one was given up, so it is only the second that is accepted.
    const listener = await far.listen('port:late')
    listener.on('connection', (accepted) => accepted.resume())
    const connection = await connecting
    await until(() => listener.connections === 1)
    connection.destroy()
    await listener.close()
    port1.close()
    expect(await codeOf(near.connect('port:late'))).toBe('ECONNREFUSED')
  })
})

test('what cannot be a port or an address is refused in words', async () => {
  expect(() => portTransport({} as never)).toThrow(/a MessagePort of node:worker_threads/)
  const [near] = both()
  expect(await codeOf(near.connect('unix:/x'))).toBe('ERR_INVALID_ARG_VALUE')
  expect(await codeOf(near.listen('port:'))).toBe('ERR_INVALID_ARG_VALUE')
  expect(await codeOf(near.listen('port:x', { mode: 0o600 }))).toBe('ERR_INVALID_ARG_VALUE')
})
