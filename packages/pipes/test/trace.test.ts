import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { spawnScript } from '@uds/testkit'
import { TRACE_CHANNEL, type TraceRecord } from '../src/index.ts'
import { bytes } from './expect.ts'
import { kindsHere } from './kinds.ts'

describe.each(kindsHere)('tracing of $name', (kind) => {
  test('subscribers of the channel get every call with its result, its time and its thread', () => {
    const [a, b] = kind.pair()
    const records: TraceRecord[] = []
    const listen = (message: unknown): void => void records.push(message as TraceRecord)
    subscribe(TRACE_CHANNEL, listen)
    a.writeAll(bytes('12345'))
    b.read(Buffer.alloc(8))
    const handle = a.rawHandle
    a.close()
    unsubscribe(TRACE_CHANNEL, listen)
    b.close()
    expect(records.map(({ syscall }) => syscall).join(' ')).toMatch(
      /^(send recv close(socket)?|WriteFile ReadFile CloseHandle)$/,
    )
    expect(records[0]).toMatchObject({ subject: handle, threadId: 0 })
    expect(records.every(({ durationMs }) => durationMs >= 0)).toBe(true)
  })

  test('a subscriber may use a stream itself', () => {
    const [a, b] = kind.pair()
    const [c, d] = kind.pair()
    let depth = 0
    const listen = (): void => {
      if (depth > 0) return
      depth += 1
      c.write(bytes('traced'))
      depth -= 1
    }
    subscribe(TRACE_CHANNEL, listen)
    a.writeAll(bytes('payload'))
    const buffer = Buffer.alloc(16)
    const got = b.read(buffer)
    unsubscribe(TRACE_CHANNEL, listen)
    expect(buffer.toString('utf8', 0, got)).toBe('payload')
    expect(d.read(buffer)).toBeGreaterThan(0)
    for (const each of [a, b, c, d]) each.close()
  })
})

test('NODE_DEBUG=uds-pipes writes the calls, with the thread, to standard error', async () => {
  const script = spawnScript(new URL('./fixtures/traced.ts', import.meta.url), [], {
    env: { NODE_DEBUG: 'uds-pipes' },
  })
  expect(await script.exit).toEqual({ code: 0, signal: null })
  expect(script.stderr()).toMatch(/thread 0: (send|WriteFile)\(/)
  const silent = spawnScript(new URL('./fixtures/traced.ts', import.meta.url))
  expect(await silent.exit).toEqual({ code: 0, signal: null })
  expect(silent.stderr()).toBe('')
})
