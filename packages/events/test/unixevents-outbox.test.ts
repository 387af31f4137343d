import { Duplex } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { Outbox } from '../src/unixevents/connection/outbox.ts'
import { eventually } from './eventually.ts'

/** A connection of which the system tells nothing, whose peer takes each write when the test says so. */
class Peer extends Duplex {
  readonly writes: string[] = []
  #accept: (() => void) | undefined
  #slow = false

  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.writes.push(chunk.toString())
    if (this.#slow) this.#accept = callback
    else callback()
  }

  hold(): void {
    this.#slow = true
  }

  acceptWrite(): void {
    this.#accept?.()
  }
}

const frame = (letter: string, size: number): string => letter.repeat(size)
const nextTick = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve)
  })

describe('what waits for a peer', () => {
  test('is written once for all that was sent in one run, in order', async () => {
    const peer = new Peer()
    const outbox = new Outbox(peer, 1000, () => {})
    for (const letter of 'abc') expect(outbox.push(frame(letter, 2))).toBe(true)
    expect(peer.writes).toEqual([])
    await nextTick()
    expect(peer.writes).toEqual(['aabbcc'])
  })

  test('is given in windows of 32 KiB with a pause between them, where the system tells nothing', async () => {
    const peer = new Peer()
    const outbox = new Outbox(peer, 1e9, () => {})
    const done = vi.fn<(error?: Error) => void>()
    for (let n = 0; n < 200; n++) outbox.push(frame('x', 1000), n === 199 ? done : undefined)
    await nextTick()
    expect(peer.writes.map(({ length }) => length)).toEqual([32_000])
    await eventually(() => expect(done).toHaveBeenCalledExactlyOnceWith(undefined))
    expect(peer.writes.map(({ length }) => length)).toEqual([
      32_000, 32_000, 32_000, 32_000, 32_000, 32_000, 8000,
    ])
  })

  test('asks once in a while when it grows, and is written at once when the peer can take it', async () => {
    const peer = new Peer()
    const overloaded = vi.fn<() => void>()
    const outbox = new Outbox(peer, 1e9, overloaded)
    for (let n = 0; n < 300; n++) outbox.push(frame('x', 1000))
    expect(overloaded).toHaveBeenCalled()
    outbox.pushFirst(frame('!', 1))
    outbox.stopThrottle()
    await nextTick()
    await eventually(() => expect(peer.writes.join('').length).toBe(300_001))
    expect(peer.writes[0]?.startsWith('!x')).toBe(true)
    expect(peer.writes.length).toBeLessThan(4)
  })

  test('lets a frame go alone that is larger than all windows', async () => {
    const peer = new Peer()
    const outbox = new Outbox(peer, 1e9, () => {})
    outbox.push(frame('a', 10))
    outbox.push(frame('b', 500_000))
    outbox.push(frame('c', 10))
    await eventually(() => expect(peer.writes.map(({ length }) => length)).toEqual([10, 500_000, 10]))
  })

  test('is bounded; what is under way counts', async () => {
    const peer = new Peer()
    peer.hold()
    const outbox = new Outbox(peer, 100, () => {})
    expect(outbox.push(frame('a', 60))).toBe(true)
    await nextTick()
    expect(outbox.push(frame('b', 60))).toBe(false)
    peer.acceptWrite()
    await eventually(() => expect(outbox.push(frame('b', 60))).toBe(true))
    expect(new Outbox(peer, 10, () => {}).push(frame('larger than the bound', 60))).toBe(true)
  })

  test('fails with the connection: each frame is told, and emptiness too', async () => {
    const peer = new Peer()
    peer.hold()
    const outbox = new Outbox(peer, 1e6, () => {})
    const gone = new Error('gone')
    const done = vi.fn<(error?: Error) => void>()
    const empty = vi.fn<() => void>()
    outbox.push(frame('a', 10))
    await nextTick()
    outbox.push(frame('b', 10), done)
    outbox.whenEmpty(empty)
    outbox.fail(gone)
    expect(done).toHaveBeenCalledExactlyOnceWith(gone)
    expect(empty).not.toHaveBeenCalled()
    peer.acceptWrite()
    await eventually(() => expect(empty).toHaveBeenCalledOnce())
    expect(outbox.push(frame('c', 10), done)).toBe(true)
    expect(done).toHaveBeenLastCalledWith(gone)
    expect(outbox.settled).toBe(20)
  })
})
