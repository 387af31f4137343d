import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { spawnScript } from '@uds/testkit'
import { TRACE_CHANNEL, type TraceRecord } from '../src/index.ts'
import { bytes, expectCode } from './expect.ts'
import { kindsHere } from './kinds.ts'
import { traced } from './traced.ts'

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
      /^(send recv close(socket)?|(CreateEventW )?WriteFile ReadFile CloseHandle)$/,
    )
    const write = records.find(({ syscall }) => syscall === 'send' || syscall === 'WriteFile')
    expect(write).toMatchObject({ subject: handle, threadId: 0 })
    expect(records.every(({ durationMs }) => durationMs >= 0)).toBe(true)
  })

  test('the whole life of a connection is recorded: no system call is left out', () => {
    const address = kind.fresh()
    const calls = traced(() => {
      const listener = kind.bind(address)
      const client = kind.connect(address)
      const server = listener.accept()
      const again = kind.Stream.fromTransfer(client.tryClone().transfer())
      again.setReadTimeout(5)
      again.writeAll(bytes('x'))
      server.peek(Buffer.alloc(1))
      server.readExact(1)
      expectCode('ETIMEDOUT', () => again.read(Buffer.alloc(1)))
      server.available()
      if (kind.credentials) server.peerCredentials()
      for (const each of [again, client, server, listener]) each.close()
    }).map(({ syscall }) => syscall)
    const onPipes = [
      [
        'CreateNamedPipeW',
        'CreateFileW',
        'GetNamedPipeInfo',
        'ConnectNamedPipe',
        'CancelIoEx',
        'CreateEventW',
      ],
      [
        'WriteFile',
        'PeekNamedPipe',
        'ReadFile',
        'WaitForMultipleObjects',
        'GetOverlappedResult',
        'CloseHandle',
      ],
      ['GetNamedPipeClientProcessId', 'NtQueryInformationFile'],
    ].flat()
    const onSockets = [
      'socket',
      'bind',
      'listen',
      'connect',
      'accept',
      'socketpair',
      'send',
      'recv',
      'ioctl',
      ...(kind.credentials ? ['getsockopt'] : []),
    ]
    expect(calls).toEqual(expect.arrayContaining(kind.name === 'WinStream' ? onPipes : onSockets))
    expect(calls.filter((name) => name.startsWith('close') || name === 'CloseHandle').length).toBeGreaterThan(
      4,
    )
  })

  test('a call that throws is recorded with the error of the system', () => {
    const records = traced(() => expectCode('ECONNREFUSED', () => kind.connectWithTimeout(kind.fresh(), 0)))
    const call = records.find(({ syscall }) => syscall === 'connect' || syscall === 'CreateFileW')
    expect(call?.result).toBeLessThan(0)
  })

  test('a subscriber that uses a stream itself does not change what a call gives', () => {
    const [a, b] = kind.pair()
    const [c, d] = kind.pair()
    c.writeAll(bytes('seven..'))
    let busy = false
    const meddle = (): void => {
      if (busy) return
      busy = true
      d.peek(Buffer.alloc(7))
      d.available()
      b.flush({ timeoutMs: 1000 })
      busy = false
    }
    a.writeAll(bytes('abc'))
    subscribe(TRACE_CHANNEL, meddle)
    try {
      expect([b.peek(Buffer.alloc(8)), b.available()]).toEqual([3, 3])
      if (kind.flushes) expectCode('ETIMEDOUT', () => a.flush({ timeoutMs: 30 }))
      expect(b.read(Buffer.alloc(8))).toBe(3)
      expectCode('ETIMEDOUT', () => b.read(Buffer.alloc(8), { timeoutMs: 30 }))
    } finally {
      unsubscribe(TRACE_CHANNEL, meddle)
    }
    for (const each of [a, b, c, d]) each.close()
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
