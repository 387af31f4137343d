import { createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freshName, socketPath } from '@uds/testkit'
import { connect, listen, toWeb, type Listener } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'

const addresses = [...(capabilities().afUnix ? ['unix:'] : []), 'tcp:', 'memory:']

const address = (scheme: string): string =>
  scheme === 'unix:'
    ? `unix:${socketPath()}`
    : scheme === 'tcp:'
      ? 'tcp:127.0.0.1:0'
      : `memory:${freshName()}`

const listening = async (scheme: string, serve: (connection: Duplex) => void): Promise<Listener> => {
  const listener = await listen(address(scheme), { allowHalfOpen: true })
  listener.on('connection', serve)
  onTestFinished(() => listener.close())
  return listener
}

describe.each(addresses)('a connection over %s as web streams', (scheme) => {
  test('is read and written by pipes of the web', async () => {
    const listener = await listening(scheme, (connection) => connection.pipe(connection))
    const { readable, writable } = toWeb(await connect(listener.address, { allowHalfOpen: true }))
    const source = new ReadableStream<string>({
      start: (controller) => {
        controller.enqueue('hello ')
        controller.enqueue('wörld')
        controller.close()
      },
    })
    const sent = source.pipeThrough(new TextEncoderStream()).pipeTo(writable)
    let text = ''
    for await (const chunk of readable.pipeThrough(new TextDecoderStream())) text += chunk
    await sent
    expect(text).toBe('hello wörld')
  })

  test('holds a writer up while the peer does not read', async () => {
    const peer = Promise.withResolvers<Duplex>()
    const listener = await listening(scheme, (connection) => peer.resolve(connection.pause()))
    const { writable } = toWeb(await connect(listener.address))
    const writer = writable.getWriter()
    let written = 0
    const chunk = new Uint8Array(65_536)
    while ((writer.desiredSize ?? 0) > 0 && written < 2 ** 28) {
      void writer.write(chunk).catch(() => {})
      written += chunk.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(written).toBeLessThan(2 ** 28)
    const reader = await peer.promise
    reader.resume()
    await writer.ready
    await writer.abort(new Error('enough')).catch(() => {})
  })

  test('a peer that breaks off is an error of the streams, and of nobody else', async () => {
    const listener = await listening(scheme, (connection) => connection.destroy(new Error('broken')))
    const { readable, writable } = toWeb(await connect(listener.address))
    const ends: unknown[] = await Promise.all([
      readable
        .getReader()
        .read()
        .catch((error: unknown) => error),
      writable.getWriter().closed.catch((error: unknown) => error),
    ])
    expect(ends).toHaveLength(2)
  })

  test('cancelling the readable destroys the connection', async () => {
    const closed = Promise.withResolvers<void>()
    const listener = await listening(scheme, (connection) => {
      connection.on('error', () => {}).once('close', () => closed.resolve())
      connection.resume().on('end', () => connection.end())
    })
    const { readable } = toWeb(await connect(listener.address))
    await readable.cancel()
    await expect(closed.promise).resolves.toBeUndefined()
  })
})

test.each([[undefined], [7], [{}], [createServer()]])('%s is refused', (value) => {
  expect(() => toWeb(value as unknown as Duplex)).toThrow(TypeError)
})
