import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { freshName } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { EventClient, EventServer } from '@uds/events'
// #region use
import { connect, listen, memory, tcp } from '@uds/stream'
// #endregion
// #region suite
import { applies, complianceCases } from '@uds/stream/compliance'
import { withToken } from '../src/with-token.ts'

const secret = Buffer.from('what the parent gave its children')

describe.each([
  { inner: tcp, address: (): string => 'tcp:127.0.0.1:0' },
  { inner: memory, address: (): string => `memory:${freshName()}` },
])('a token before $inner.name', ({ inner, address }) => {
  const transport = withToken(inner, secret)
  for (const each of complianceCases) {
    if (!applies(each, transport)) continue
    test(`${each.id} ${each.name}`, async () => {
      await expect(each.run({ transport, address })).resolves.toBeUndefined()
    })
  }
})
// #endregion

const opened = withToken(tcp, secret)

test('who has the token is served, and its bytes are those that it wrote', async () => {
  // #region use
  const transport = withToken(tcp, secret)
  const server = await listen('tcp:127.0.0.1:0', { transport, allowHalfOpen: true })
  server.on('connection', (connection) => connection.pipe(connection))
  const connection = await connect(server.address, { transport, allowHalfOpen: true })
  // #endregion
  connection.end('hello')
  expect(await text(connection)).toBe('hello')
  await server.close()
})

test('events go over it', async () => {
  // #region events
  const transport = withToken(tcp, secret)
  const server = await EventServer.listen('tcp:127.0.0.1:0', { transport })
  server.handle('double', (n) => Number(n) * 2)
  const client = await EventClient.connect(server.address, { transport })
  // #endregion
  expect(await client.request('double', 21)).toBe(42)
  await client.close()
  await server.close()
})

test('who has another token is turned away before its bytes are read', async () => {
  const server = await opened.listen('tcp:127.0.0.1:0')
  let served = 0
  server.on('connection', () => (served += 1))
  try {
    const told = once(server, 'connectionError')
    const stranger = await tcp.connect(server.address)
    stranger.on('error', () => {})
    stranger.resume().write(Buffer.alloc(secret.length))
    expect(String(((await told) as unknown[])[0])).toContain('the token is wrong')
    if (!stranger.destroyed) await once(stranger, 'close')
    expect(served).toBe(0)
  } finally {
    await server.close()
  }
})

test('who leaves without a token is told of', async () => {
  const server = await opened.listen('tcp:127.0.0.1:0')
  server.on('connection', () => {})
  try {
    const told = once(server, 'connectionError')
    const stranger = await tcp.connect(server.address)
    stranger.destroy()
    expect(String(((await told) as unknown[])[0])).toContain('went before')
  } finally {
    await server.close()
  }
})

test('an empty token is refused', () => {
  expect(() => withToken(tcp, Buffer.alloc(0))).toThrow(RangeError)
})
