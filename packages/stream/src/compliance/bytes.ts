/** B01-B08: bytes arrive whole and in order. */
import assert from 'node:assert/strict'
import type { ComplianceCase } from './case.ts'
import { inSession, pattern, readExactly, readToEnd, write } from './session.ts'

const MEBIBYTE = 1024 * 1024

export const bytesCases: readonly ComplianceCase[] = [
  inSession(
    'B01',
    'bytes written by the client are read by the server, and the other way round',
    ['listen'],
    async (session) => {
      const { client, server } = await session.pair()
      await write(client, Buffer.from('ping'))
      assert.equal(String(await readExactly(server, 4)), 'ping')
      await write(server, Buffer.from('pong!'))
      assert.equal(String(await readExactly(client, 5)), 'pong!')
    },
  ),
  inSession('B02', 'every byte value comes through as it is', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    const every = Buffer.from(Array.from({ length: 256 }, (_, value) => value))
    await write(client, every)
    assert.deepEqual(await readExactly(server, 256), every)
  }),
  inSession('B03', 'one write of 4 MiB arrives whole and in order', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    const sent = pattern(4 * MEBIBYTE)
    const received = readExactly(server, sent.length)
    await write(client, sent)
    assert.ok(sent.equals(await received))
  }),
  inSession('B04', 'a thousand small writes arrive whole and in order', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    const sent = pattern(7000)
    const received = readExactly(server, sent.length)
    for (let at = 0; at < sent.length; at += 7) client.write(sent.subarray(at, at + 7))
    assert.ok(sent.equals(await received))
  }),
  inSession('B05', 'both directions carry 1 MiB at the same time', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    const up = pattern(MEBIBYTE)
    const down = Buffer.from(up.toReversed())
    const [atServer, atClient] = await Promise.all([
      readExactly(server, up.length),
      readExactly(client, down.length),
      write(client, up),
      write(server, down),
    ])
    assert.ok(up.equals(atServer))
    assert.ok(down.equals(atClient))
  }),
  inSession('B06', 'corked writes and writes of no bytes change nothing', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    client.cork()
    client.write('a')
    client.write(Buffer.alloc(0))
    client.write('bc')
    client.uncork()
    client.write('')
    client.write('d')
    assert.equal(String(await readExactly(server, 4)), 'abcd')
  }),
  inSession(
    'B07',
    'memory can be used again as soon as its write is called back',
    ['listen'],
    async (session) => {
      const { client, server } = await session.pair()
      const memory = Buffer.alloc(1024)
      const received = readExactly(server, 64 * memory.length)
      for (let round = 0; round < 64; round += 1) {
        memory.fill(round)
        await write(client, memory)
      }
      memory.fill(0xff)
      const all = await received
      for (let round = 0; round < 64; round += 1) assert.equal(all[round * memory.length], round)
    },
  ),
  inSession('B08', 'what was written before end() is read before the end', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    const sent = pattern(300_000)
    client.end(sent)
    assert.ok(sent.equals(await readToEnd(server)))
  }),
]
