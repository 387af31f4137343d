// Two ends of this package go on in the native protocol; nobody else notices.
import fc from 'fast-check'
import { freshName } from '@uds/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ClientRole } from '../src/unixevents/client-role.ts'
import { FrameEncoder } from '../src/unixevents/frames/frame-encoder.ts'
import { linkerSettings } from '../src/unixevents/options.ts'
import { ResumeBuffer } from '../src/unixevents/session/resume-buffer.ts'
import { ServerRole } from '../src/unixevents/server-role.ts'
import type { ChannelOptions, ChannelSink } from '../src/unixevents/role.ts'
import { eventually } from './eventually.ts'
import { splitting } from './fixtures/splitting-transport.ts'

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

interface Ends {
  readonly server: ServerRole
  readonly client: ClientRole
  /** What each end has heard, in order. */
  readonly atServer: unknown[]
  readonly atClient: unknown[]
  readonly errors: Error[]
  close(): Promise<void>
}

interface Offers {
  readonly client?: boolean
  readonly server?: boolean
}

const open = async (
  toServer: readonly number[],
  toClient: readonly number[],
  offers: Offers,
): Promise<Ends> => {
  const ends = { atServer: [] as unknown[], atClient: [] as unknown[], errors: [] as Error[] }
  const sink = (heard: unknown[]): ChannelSink => ({
    event: (_, payload) => heard.push(payload) > 0,
    failed: (error) => ends.errors.push(error),
    debug: () => {},
  })
  const options = (offering: boolean | undefined): ChannelOptions => ({
    ...linkerSettings({ upgrade: offering === true ? 'offer' : 'accept' }),
    address,
    path: undefined,
    transport: splitting(toServer, toClient),
  })
  const address = `memory:${freshName()}`
  const server = new ServerRole(options(offers.server), sink(ends.atServer))
  const client = new ClientRole(options(offers.client), sink(ends.atClient))
  await server.open()
  await client.open()
  const close = async (): Promise<void> => {
    await client.close(1000)
    await server.close(1000)
  }
  return { ...ends, server, client, close }
}

const toServer = new FrameEncoder('c-')
const toClient = new FrameEncoder('s-')

/** Sends numbers both ways, some in each turn of the loop, until all have been sent and heard. */
const expectExchange = async (
  ends: Ends,
  counts: readonly [number, number],
  burst: number,
): Promise<void> => {
  let [up, down] = [0, 0]
  while (up < counts[0] || down < counts[1]) {
    for (let n = 0; n < burst; n++) {
      if (up < counts[0]) expect(ends.client.send(toServer.encode('n', up++), undefined)).toBeUndefined()
      if (down < counts[1]) expect(ends.server.send(toClient.encode('n', down++), undefined)).toBeUndefined()
    }
    await turn()
  }
  await vi.waitFor(
    () => {
      expect(ends.client.upgraded + ends.server.upgraded).toBe(2)
      expect([ends.atServer.length, ends.atClient.length]).toEqual([...counts])
    },
    { timeout: 10_000, interval: 1 },
  )
  expect(ends.atServer).toEqual(upTo(counts[0]))
  expect(ends.atClient).toEqual(upTo(counts[1]))
  expect(ends.errors).toEqual([])
}

describe('the switch', () => {
  test('happens at any split of the bytes, and what is under way both ways arrives once and in order', async () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 300 })), {
      minLength: 1,
      maxLength: 8,
    })
    const offers = fc.constantFrom({ client: true }, { server: true }, { client: true, server: true })
    await fc.assert(
      fc.asyncProperty(
        sizes,
        sizes,
        offers,
        fc.tuple(fc.nat(40), fc.nat(40)),
        fc.integer({ min: 1, max: 40 }),
        async (up, down, who, counts, burst) => {
          const ends = await open(up, down, who)
          await expectExchange(ends, counts, burst)
          await ends.close()
        },
      ),
      { numRuns: 150, interruptAfterTimeLimit: 20_000 },
    )
  }, 60_000)

  test('happens wherever one read ends and the next begins, byte by byte', async () => {
    // The frames up to the switch, and the beginning of what follows, are within so many bytes of either direction.
    for (let at = 1; at <= 420; at++) {
      const ends = await open([at, Infinity], [at, Infinity], { client: true })
      await expectExchange(ends, [2, 2], 1)
      await ends.close()
    }
  }, 60_000)

  test('comes in front of what waits under load, and nothing is lost or out of order', async () => {
    const ends = await open([Infinity], [Infinity], { server: true })
    const long = 'x'.repeat(1000)
    for (let n = 0; n < 1000; n++) ends.client.send(toServer.encode('n', `${n}${long}`), undefined)
    await eventually(() => expect(ends.client.upgraded).toBe(1))
    for (let n = 1000; n < 2000; n++) ends.client.send(toServer.encode('n', `${n}${long}`), undefined)
    await eventually(() => expect(ends.atServer).toHaveLength(2000))
    expect(ends.atServer).toEqual(upTo(2000).map((n) => `${n}${long}`))
    await ends.close()
  })
})

describe('a client that comes back', () => {
  test('ignores what its session will bring again, and hears everything else', () => {
    for (const known of [true, false]) {
      const heard: unknown[] = []
      const returning = new ResumeBuffer(
        (_, payload) => heard.push(payload),
        () => {},
      )
      returning.event('e', 1)
      expect(heard).toEqual([])
      returning.settle(known)
      returning.event('e', 2)
      expect(heard).toEqual(known ? [] : [1, 2])
    }
  })

  test('does not wait for an answer for ever, nor with any number of events', () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const unanswered = vi.fn<() => void>()
    const silent = new ResumeBuffer(() => {}, unanswered)
    vi.advanceTimersByTime(4999)
    expect(unanswered).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(unanswered).toHaveBeenCalledOnce()
    silent.stop()
    const talkative = new ResumeBuffer(() => {}, unanswered)
    for (let n = 0; n < 10_001; n++) talkative.event('e', n)
    expect(unanswered).toHaveBeenCalledTimes(2)
    talkative.stop()
  })
})
