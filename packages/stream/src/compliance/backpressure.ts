/** P01-P03: a reader that does not read, drain, pause. */
import assert from 'node:assert/strict'
import type { ComplianceCase } from './case.ts'
import { inSession, nextEvent, readExactly, within } from './session.ts'

const CHUNK = 64 * 1024
/** More than any system buffers for one connection. */
const MANY = 1024

export const backpressureCases: readonly ComplianceCase[] = [
  inSession(
    'P01',
    'a reader that does not read holds the writer, and nothing is lost when it reads',
    ['listen'],
    async (session) => {
      const { client, server } = await session.pair()
      const chunk = Buffer.alloc(CHUNK)
      let taken = 0
      let written = 0
      const pump = (): void => {
        while (written < MANY) {
          chunk.writeUInt32BE(written)
          written += 1
          if (!client.write(Buffer.from(chunk), () => (taken += 1))) {
            client.once('drain', pump)
            return
          }
        }
      }
      pump()
      assert.ok(client.writableNeedDrain, 'write() never asked to wait')
      // Until nothing moves any more: the writer waits for good.
      for (let before = -1; before !== taken;) {
        before = taken
        await new Promise((resolve) => {
          setTimeout(resolve, 100)
        })
      }
      assert.ok(taken < MANY, 'all 64 MiB were taken without a reader')
      for (let index = 0; index < MANY; index += 1) {
        assert.equal((await readExactly(server, CHUNK)).readUInt32BE(), index)
      }
    },
  ),
  inSession('P02', 'drain is emitted when the reader has read', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    while (client.write(Buffer.alloc(CHUNK)));
    const drained = nextEvent(client, ['drain'])
    server.resume()
    await within('drain', drained)
  }),
  inSession(
    'P03',
    'a paused reader gets nothing until it resumes, and then all',
    ['listen'],
    async (session) => {
      const { client, server } = await session.pair()
      const parts: Buffer[] = []
      server.on('data', (part: Buffer) => parts.push(part))
      server.pause()
      await new Promise<void>((resolve) => {
        client.write('held', () => resolve())
      })
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      assert.equal(parts.length, 0)
      const data = nextEvent(server, ['data'])
      server.resume()
      await within('data', data)
      assert.equal(String(Buffer.concat(parts)), 'held')
    },
  ),
]
