/** The ten tests of the Rust crate winpipe (tests/tests.rs), as promises, for every kind of stream of this system. */
import { errorOf } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { UnixSocketAddr, WinPipeSocketAddr } from '../src/index.ts'
import { acting, actor } from './actors.ts'
import { bytes, duration, expectCode, pattern } from './expect.ts'
import { kindsHere } from './kinds.ts'

const MEGABYTES = pattern(4 * 2 ** 20)

describe.each(kindsHere)('$name, as winpipe', (kind) => {
  test('closing both ends with unread data does not hang', () => {
    const [a, b] = kind.pair()
    a.writeAll(bytes('Hello'))
    expect(
      duration(() => {
        a.close()
        b.close()
      }),
    ).toBeLessThan(5000)
  })

  test.skipIf(!kind.flushes)('flush fails with EPIPE when the peer closes with data unread', async () => {
    const [a, b] = kind.pair()
    const closer = await actor({ do: 'close' }, b.transfer())
    a.writeAll(bytes('Hello'))
    closer.go()
    expectCode('EPIPE', () => a.flush())
    a.close()
    await closer.done
  })

  test('a read that waits ends with 0 when the peer closes', async () => {
    const [a, b] = kind.pair()
    const closer = await actor({ do: 'close' }, b.transfer())
    closer.go()
    expect(a.read(Buffer.alloc(128))).toBe(0)
    a.close()
    await closer.done
  })

  test('a read times out', () => {
    const [a, b] = kind.pair()
    a.setReadTimeout(100)
    const buffer = Buffer.alloc(128)
    const took = duration(() => expectCode('ETIMEDOUT', () => a.read(buffer)))
    expect(took).toBeGreaterThanOrEqual(99)
    a.close()
    b.close()
  })

  test('closing delivers what was written', async () => {
    const [a, b] = kind.pair()
    const reader = await actor({ do: 'readToEnd', afterMs: 50 }, b.transfer())
    expect(a.write(MEGABYTES.subarray(0, 128))).toBe(128)
    reader.go()
    a.close({ flushMs: 5000 })
    expect((await reader.done).result).toEqual(Uint8Array.from(MEGABYTES.subarray(0, 128)))
  })

  test('4 MiB in one write, then a close: the reader gets exactly that, then the end', async () => {
    const [a, b] = kind.pair()
    const reader = await acting({ do: 'readToEnd' }, b.transfer())
    expect(a.write(MEGABYTES)).toBe(MEGABYTES.length)
    a.close()
    const { result } = await reader.done
    expect(MEGABYTES.equals(result as Uint8Array)).toBe(true)
  })

  test('a timeout that a clone sets ends a read that waits without one', async () => {
    const [a, b] = kind.pair()
    const clone = a.tryClone()
    const setter = await acting({ do: 'setReadTimeout', ms: 50 }, clone.transfer())
    expectCode('ETIMEDOUT', () => a.readToEnd())
    await setter.done
    a.close()
    b.close()
  })

  test('a timeout that a clone sets ends a write that waits without one', async () => {
    const [a, b] = kind.pair()
    const setter = await acting({ do: 'setWriteTimeout', ms: 50 }, a.tryClone().transfer())
    expectCode('ETIMEDOUT', () => a.write(MEGABYTES))
    await setter.done
    a.close()
    b.close()
  })

  test('a listener takes a client, reads what it wrote and then the end', async () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const client = await acting({ do: 'connect', address, data: bytes('OK'), timeoutMs: 5000 })
    const stream = listener.accept()
    expect(stream.readToEnd().toString()).toBe('OK')
    await client.done
    stream.close()
    listener.close()
  })

  test('4 MiB written equal 4 MiB read, and addresses are made of good names', async () => {
    const [a, b] = kind.pair()
    const reader = await acting({ do: 'readExact', bytes: MEGABYTES.length }, b.transfer())
    a.writeAll(MEGABYTES)
    expect(MEGABYTES.equals((await reader.done).result as Uint8Array)).toBe(true)
    a.close()
    expect(WinPipeSocketAddr.fromPathname(String.raw`\\.\pipe\a`).asPathname()).toBe(String.raw`\\.\pipe\a`)
    expect(UnixSocketAddr.fromPathname('/run/a').asPathname()).toBe('/run/a')
    expect(errorOf(() => kind.connectWithTimeout(kind.fresh(), 0)).code).toBe('ECONNREFUSED')
  })
})
