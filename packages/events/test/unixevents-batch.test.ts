// After the upgrade, the short frames of one run of JavaScript go together: one message, one acknowledgement.
import { until } from '@uds/testkit'
import { describe, expect, test, vi } from 'vitest'
import type { SendDone } from '../src/unixevents/connection/pending-frames.ts'
import { FrameEncoder } from '../src/unixevents/frames/frame-encoder.ts'
import { SessionSender } from '../src/unixevents/session/session-frames.ts'
import { Channel } from './fixtures/test-channel.ts'

const frame = (n: number, length = 0): string =>
  new FrameEncoder('c-').encode('n', length === 0 ? n : `${n}${'x'.repeat(length)}`)
const nextTick = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve)
  })

interface Sent {
  readonly text: string
  readonly settle: PromiseWithResolvers<void>
}

/** A session that keeps what it is to send. */
const session = (): { sent: Sent[]; send: (name: string, data: unknown) => Promise<void> } => {
  const sent: Sent[] = []
  return {
    sent,
    send: (_, data) => {
      const settle = Promise.withResolvers<void>()
      sent.push({ text: String(data), settle })
      return settle.promise
    },
  }
}

describe('what is sent in one run of JavaScript', () => {
  test('goes at once, the rest of it together after that, long frames alone, and all of it in order', async () => {
    const over = session()
    const sender = new SessionSender(1e9, () => {})
    const frames = [frame(0), frame(1), frame(2), frame(3, 5000), frame(4), frame(5)]
    for (const text of frames) {
      expect(sender.take(text)).toBe(true)
      sender.send(over, text, undefined)
    }
    await nextTick()
    expect(over.sent.map(({ text }) => text)).toEqual([
      frames[0],
      `${frames[1]}${frames[2]}`,
      frames[3],
      `${frames[4]}${frames[5]}`,
    ])
  })

  test('goes in messages of 16 KiB at most', async () => {
    const over = session()
    const sender = new SessionSender(1e9, () => {})
    for (let n = 0; n < 1000; n++) {
      sender.take(frame(n))
      sender.send(over, frame(n), undefined)
    }
    await nextTick()
    expect(over.sent.length).toBeLessThan(6)
    for (const { text } of over.sent) expect(text.length).toBeLessThanOrEqual(16 * 1024)
    expect(over.sent.map(({ text }) => text).join('')).toBe(
      Array.from({ length: 1000 }, (_, n) => frame(n)).join(''),
    )
  })

  test('is counted and settled frame by frame', async () => {
    const over = session()
    const failed = vi.fn<(text: string, done: SendDone | undefined, error: Error) => void>()
    const sender = new SessionSender(1e9, failed)
    const done = [0, 1, 2].map(() => vi.fn<SendDone>())
    for (const [n, callback] of done.entries()) {
      sender.take(frame(n))
      sender.send(over, frame(n), callback)
    }
    await nextTick()
    expect([sender.open, over.sent.length]).toEqual([3, 2])
    over.sent[0]?.settle.resolve()
    await nextTick()
    await nextTick()
    expect(sender.open).toBe(2)
    expect(done[0]).toHaveBeenCalledExactlyOnceWith()
    expect(done[1]).not.toHaveBeenCalled()
    const gone = new Error('gone')
    over.sent[1]?.settle.reject(gone)
    await until(() => sender.open === 0)
    expect(failed.mock.calls).toEqual([
      [frame(1), done[1], gone],
      [frame(2), done[2], gone],
    ])
  })
})

test('a frame over the limit of the other end is refused to its sender, and those after it are heard', async () => {
  const channel = new Channel()
  const server = await channel.server({ maxFrameBytes: 500 })
  const client = await channel.client({ upgrade: 'offer' })
  await until(() => server.upgraded === 1)
  const heard: unknown[] = []
  server.receive('e', (data) => heard.push(data))
  const results = [1, 'x'.repeat(2000), 2, 3].map((data) => client.sendSync('e', data))
  expect(await Promise.all(results)).toEqual([true, false, true, true])
  expect(client.lastError).toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' })
  expect(heard).toEqual([1, 2, 3])
  expect(client.upgraded).toBe(1)
})
