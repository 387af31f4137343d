// What a peer of a linker does not read, or sends before it should, is bounded.
import { createConnection } from 'node:net'
import type { Socket } from 'node:net'
import { until } from '@uds/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { namedPipes } from '../src/unixevents/channel/platform.ts'
import { ResumeBuffer } from '../src/unixevents/session/resume-buffer.ts'
import { Channel, received } from './fixtures/test-channel.ts'

const control = (message: object): string =>
  `${JSON.stringify({ event: 'c-$uds', payload: JSON.stringify(message) })};;`

/** A connection that reads nothing. */
const deaf = async (channel: Channel): Promise<Socket> => {
  const socket = createConnection(channel.path).pause()
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

describe.skipIf(namedPipes)('a server', () => {
  test('ends a client that asks again and again, and does not read the answers', async () => {
    const channel = new Channel()
    const { server, client } = await channel.pair({ maxQueueBytes: 200_000 })
    const socket = await deaf(channel)
    await until(() => server.connections === 2)
    const question = control({ hello: 1, native: 1 }).repeat(1000)
    const ask = (): void => {
      while (!socket.destroyed && socket.write(question));
      socket.once('drain', ask)
    }
    ask()
    await until(() => server.connections === 1)
    expect(server.lastError).toMatchObject({
      code: expect.stringMatching(/ERR_SLOW_CONSUMER|EPIPE|ECONNRESET/),
    })
    const got = received(server, 'e')
    client.send('e', 1)
    expect(await got).toEqual([1])
  })

  test('reads no more of a client that has switched than it can use, and ends it when it does not read', async () => {
    const channel = new Channel()
    const { server, client } = await channel.pair({ maxQueueBytes: 1_000_000 })
    const socket = await deaf(channel)
    await until(() => server.connections === 2)
    // So much waits for it that the server cannot write its own last frame.
    const got = received(client, 'e', 10)
    for (let n = 0; n < 10; n++) server.send('e', 'x'.repeat(60_000))
    socket.write(control({ hello: 1, native: 1 }) + control({ switch: 1, session: 'a session' }))
    const flood = Buffer.alloc(4_000_000, 0x89)
    let taken = false
    socket.write(flood, () => (taken = true))
    expect(await got).toHaveLength(10)
    for (let n = 0; n < 500; n++) expect(await server.sendSync('e', n)).toBe(true)
    expect(taken).toBe(false)
    while (server.connections > 1 || server.lastError === undefined) {
      await server.sendSync('e', 'x'.repeat(100_000))
    }
    expect(server.lastError).toMatchObject({ code: 'ERR_SLOW_CONSUMER' })
    await client.close()
    await until(() => server.connections === 0)
    expect(server.send('e', 1)).toBe(false)
  })
})

test('a client that comes back waits for the answer with a bounded number of events, and of bytes', () => {
  const unanswered = vi.fn<() => void>()
  const buffer = new ResumeBuffer(() => {}, unanswered)
  for (let n = 0; n < 16; n++) buffer.event('e', 'x'.repeat(1024 * 1024))
  expect(unanswered).not.toHaveBeenCalled()
  buffer.event('e', ['x'.repeat(1024 * 1024)])
  expect(unanswered).toHaveBeenCalledOnce()
  buffer.stop()
})
