/** A01-A05: signals that fire before, during and after connect and listen. */
import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ComplianceCase } from './case.ts'
import { inSession, readExactly, within, write } from './session.ts'

export const abortCases: readonly ComplianceCase[] = [
  inSession(
    'A01',
    'connect with a signal that has fired rejects with its reason',
    ['listen'],
    async (session) => {
      const listener = await session.listen()
      const reason = new Error('the reason')
      await assert.rejects(session.connect(listener.address, { signal: AbortSignal.abort(reason) }), reason)
      assert.equal(listener.connections, 0)
    },
  ),
  inSession(
    'A02',
    'listen with a signal that has fired rejects with its reason, and leaves the address free',
    ['listen'],
    async (session) => {
      const address = session.harness.address()
      const reason = new Error('the reason')
      await assert.rejects(session.listen({ signal: AbortSignal.abort(reason) }, address), reason)
      const listener = await session.listen({}, address)
      const accepted = session.accept(listener)
      await session.connect(listener.address)
      await accepted
    },
  ),
  inSession(
    'A03',
    'abort while connecting rejects with the reason, or is too late; never both',
    ['listen'],
    async (session) => {
      const listener = await session.listen()
      const { transport, connectOptions } = session.harness
      for (let round = 0; round < 10; round += 1) {
        const controller = new AbortController()
        const reason = new Error(`round ${round}`)
        const connecting = transport
          .connect(listener.address, { ...connectOptions, signal: controller.signal })
          .then(
            (connection) => session.keep(connection),
            (error: unknown) => error,
          )
        if (round % 2 === 0) await nextTurn()
        controller.abort(reason)
        const result = await within('the outcome', connecting)
        if (result instanceof Error) assert.equal(result, reason)
      }
    },
  ),
  inSession('A04', 'abort after connect has no effect on the connection', ['listen'], async (session) => {
    const controller = new AbortController()
    const { client, server } = await session.pair({ connect: { signal: controller.signal } })
    controller.abort()
    await write(client, Buffer.from('still here'))
    assert.equal(String(await readExactly(server, 10)), 'still here')
  }),
  inSession('A05', 'abort after listen has no effect on the listener', ['listen'], async (session) => {
    const controller = new AbortController()
    const listener = await session.listen({ signal: controller.signal })
    controller.abort()
    const accepted = session.accept(listener)
    await session.connect(listener.address)
    await accepted
  }),
]
