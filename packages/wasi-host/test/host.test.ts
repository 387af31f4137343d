import { Duplex, duplexPair, PassThrough, Writable } from 'node:stream'
import { expectNoLeak, rejectionOf, until } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { WasiHost } from '../src/index.ts'
import { buildModule, preview1 } from './builder/module.ts'
import { drive, echo, OUT, preview1Imports, serve, udsImports, waits, zigImports } from './driver.ts'

/** Writes "hello" to standard output and exits with 7. */
const hello = buildModule({
  imports: [
    ...preview1('fd_write:iiii'),
    { module: 'wasi_snapshot_preview1', name: 'proc_exit', parameters: 'i', result: '' },
  ],
  data: [
    { at: 16, bytes: Buffer.from(Uint32Array.of(64, 6).buffer) },
    { at: 64, bytes: Buffer.from('hello\n') },
  ],
  wat: `(func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))
    (call $proc_exit (i32.const 7)))`,
})

const trap = buildModule({ imports: [], wat: '(func (export "_start") unreachable)' })

/** Computes for ever and never waits. */
const busy = buildModule({ imports: [], wat: '(func (export "_start") (loop $ever (br $ever)))' })

/** Copies its standard input to its standard output, 16 bytes at a time. */
const cat = buildModule({
  imports: preview1('fd_read:iiii', 'fd_write:iiii'),
  data: [{ at: 16, bytes: Buffer.from(Uint32Array.of(64, 16).buffer) }],
  wat: `(func (export "_start")
    (loop $more
      (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 20)))
      (if (i32.load (i32.const 20)) (then
        (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))
        (i32.store (i32.const 20) (i32.const 16))
        (br $more)))))`,
})

const collect = (): { stream: Writable; text: () => string } => {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk)
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

describe.each(waits)('a host under %s', (wait) => {
  test('run gives the exit code, and output goes to the stream', async () => {
    const out = collect()
    const host = new WasiHost({ wait, stdin: 'ignore', stdout: out.stream })
    const program = await host.compile(hello)
    expect(await host.run(program)).toBe(7)
    expect(await host.run(program)).toBe(7)
    expect(out.text()).toBe('hello\nhello\n')
  })

  test('input comes from bytes', async () => {
    const out = collect()
    const text = 'some text that is longer than sixteen bytes'
    expect(await new WasiHost({ wait, stdin: { text }, stdout: out.stream }).run(cat)).toBe(0)
    expect(out.text()).toBe(text)
  })

  test.skipIf(wait === 'blocking')('input comes from a stream, and the guest waits for it', async () => {
    const out = collect()
    const input = new PassThrough()
    const run = new WasiHost({ wait, stdin: input, stdout: out.stream }).run(cat)
    input.write('first ')
    await until(() => out.text() !== '')
    input.end('second')
    expect(await run).toBe(0)
    expect(out.text()).toBe('first second')
  })

  test.skipIf(wait === 'blocking')(
    'what a guest leaves unread of a stream is there for the next one',
    async () => {
      // Reads 16 bytes once, and prints them.
      const once = buildModule({
        imports: preview1('fd_read:iiii', 'fd_write:iiii'),
        data: [{ at: 16, bytes: Buffer.from(Uint32Array.of(64, 16).buffer) }],
        wat: `(func (export "_start")
        (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 20)))
        (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32))))`,
      })
      const input = new PassThrough()
      input.end('the first guest!the second guest')
      const out = collect()
      const host = new WasiHost({ wait, stdin: input, stdout: out.stream })
      expect(await host.run(once)).toBe(0)
      expect(out.text()).toBe('the first guest!')
      expect(await host.run(once)).toBe(0)
      expect(out.text()).toBe('the first guest!the second guest')
    },
  )

  test('a trap rejects with the RuntimeError of the engine', async () => {
    await expect(new WasiHost({ wait, stdin: 'ignore' }).run(trap)).rejects.toThrow(/unreachable/)
  })

  test.each([0, 1, 255, 256, 512, 0xffff_ffff])(
    'proc_exit(%d) is no success unless it is 0',
    async (code) => {
      const guest = buildModule({
        imports: [{ module: 'wasi_snapshot_preview1', name: 'proc_exit', parameters: 'i', result: '' }],
        wat: `(func (export "_start") (call $proc_exit (i32.const ${code})))`,
      })
      expect(await new WasiHost({ wait, stdin: 'ignore' }).run(guest)).toBe(Math.min(code, 255))
    },
  )

  test('a call that comes while another waits is made when that has ended', async () => {
    // Both write their number, wait, and write it again.
    const guest = await drive({
      imports: preview1('poll_oneoff:iiii'),
      host: { wait },
      data: [
        { at: 272, bytes: Buffer.from(Uint32Array.of(1, 0, 20_000_000).buffer) },
        { at: 64, bytes: Buffer.from(Uint32Array.of(1024).buffer) },
      ],
      wat: `
        (func $note (param $number i32)
          (i32.store8 (i32.load (i32.const 64)) (local.get $number))
          (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1))))
        (func (export "twice") (param $number i32)
          (call $note (local.get $number))
          (drop (call $poll_oneoff (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 8)))
          (call $note (local.get $number)))`,
    })
    await Promise.all([1, 2, 3].map((number) => guest.guest.call('twice', number)))
    expect([...(await guest.guest.read(1024, 6))]).toEqual([1, 1, 2, 2, 3, 3])
  })

  test('an abort ends a guest that waits, with the reason of the signal', async () => {
    const server = await serve()
    const controller = new AbortController()
    const host = new WasiHost({ wait, stdin: 'ignore', sockets: { allow: ['connect:127.0.0.1:*'] } })
    const guest = await host.instantiate(buildModule({ imports: zigImports }), { signal: controller.signal })
    await guest.call('sock_open', 2, 1, OUT)
    await guest.write(64, Uint8Array.of(2, server.port >> 8, server.port & 255, 127, 0, 0, 1))
    await guest.call('sock_connect', 1000, 64)
    const waiting = guest.call('sock_recv', 1000, 1024, 10, OUT)
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 20)
    await expect(waiting).rejects.toBe(reason)
    await expect(guest.call('sock_recv', 1000, 1024, 10, OUT)).rejects.toBe(reason)
    await guest.close()
    await expect(host.run(hello, { signal: controller.signal })).rejects.toBe(reason)
  })

  test.skipIf(wait === 'jspi')('an abort ends a guest that only computes', async () => {
    const signal = AbortSignal.timeout(100)
    await expect(new WasiHost({ wait, stdin: 'ignore' }).run(busy, { signal })).rejects.toThrow(/timeout/i)
  })

  test('the quota of time ends a guest', async () => {
    const server = await serve()
    const guest = await drive({
      imports: zigImports,
      host: { wait, sockets: { allow: ['connect:127.0.0.1:*'], quotas: { timeMs: 800 } } },
    })
    await guest.call('sock_open', 2, 1, OUT)
    await guest.address(64, server.port)
    await guest.call('sock_connect', 1000, 64)
    await expect(guest.call('sock_recv', 1000, 1024, 10, OUT)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('the quotas of sockets and bytes hold', async () => {
    const server = await echo()
    const guest = await drive({
      imports: udsImports,
      host: { wait, sockets: { allow: ['connect:127.0.0.1:*'], quotas: { sockets: 2, bytes: 10 } } },
    })
    expect(await guest.call('uds_sock_open', 2, 1, OUT)).toBe(0)
    const fd = await guest.u32(OUT)
    expect(await guest.call('uds_sock_open', 2, 2, OUT)).toBe(0)
    expect(await guest.call('uds_sock_open', 2, 1, OUT)).toBe(33)
    expect(await guest.call('uds_sock_close', fd + 1)).toBe(0)
    expect(await guest.call('uds_sock_open', 2, 1, OUT)).toBe(0)
    await guest.address(64, server.port)
    expect(await guest.call('uds_sock_connect', fd, 64, 19)).toBe(0)
    expect(await guest.call('uds_sock_send', fd, 1024, 8, 0, OUT)).toBe(0)
    expect(await guest.call('uds_sock_recv', fd, 1024, 8, 2, OUT)).toBe(0)
    expect(await guest.u32(OUT)).toBe(2)
    expect(await guest.call('uds_sock_recv', fd, 1024, 8, 0, OUT)).toBe(42)
    expect(await guest.call('uds_sock_send', fd, 1024, 8, 0, OUT)).toBe(42)
  })

  test('a datagram that would go over the quota of bytes is not sent at all', async () => {
    const guest = await drive({
      imports: udsImports,
      host: {
        wait,
        sockets: { allow: ['bind:udp:127.0.0.1:0', 'connect:udp:127.0.0.1:*'], quotas: { bytes: 10 } },
      },
    })
    expect(await guest.call('uds_sock_open', 2, 2, OUT)).toBe(0)
    const fd = await guest.u32(OUT)
    await guest.address(64, 0)
    expect(await guest.call('uds_sock_bind', fd, 64, 19)).toBe(0)
    expect(await guest.call('uds_sock_getsockname', fd, 64, 19, OUT)).toBe(0)
    expect(await guest.call('uds_sock_sendto', fd, 1024, 11, 0, 64, 19, OUT)).toBe(42)
    expect(await guest.call('uds_sock_recv', fd, 1024, 16, 4, OUT)).toBe(6)
    expect(await guest.call('uds_sock_sendto', fd, 1024, 5, 0, 64, 19, OUT)).toBe(0)
    expect(await guest.call('uds_sock_recv', fd, 1024, 16, 0, OUT)).toBe(0)
    expect(await guest.u32(OUT)).toBe(5)
  })

  test('a stream that is lent to many guests keeps no listeners of theirs', async () => {
    const stdin = new PassThrough()
    const before = stdin.eventNames().length
    for (let left = 3; left > 0; left -= 1) {
      // Under blocking a stream as standard input is refused.
      const lent = wait === 'blocking' ? { stdout: stdin } : { stdin }
      const guest = await new WasiHost({ wait, ...lent }).instantiate(
        buildModule({ imports: preview1Imports }),
      )
      await guest.close()
    }
    expect(stdin.eventNames()).toHaveLength(before)
  })

  test('files exist for the guest alone, and are gone afterwards', async () => {
    const guest = await drive({
      imports: preview1Imports,
      host: { wait, files: { '/app/main.py': 'print(1)' } },
    })
    const length = Buffer.byteLength('main.py')
    await guest.put(1024, 'main.py')
    expect(await guest.call('path_open', 3, 0, 1024, length, 0, 2n, 0n, 0, OUT)).toBe(0)
    await guest.words(16, 2048, 64)
    expect(await guest.call('fd_read', await guest.u32(OUT), 16, 1, OUT)).toBe(0)
    expect(await guest.text(2048, await guest.u32(OUT))).toBe('print(1)')
    await guest.guest.close()
  })

  test('memory that grows between calls is no trouble', async () => {
    const server = await serve()
    const guest = await drive({
      imports: [...zigImports, ...preview1('fd_read:iiii')],
      host: { wait, sockets: { allow: ['connect:127.0.0.1:*'] } },
    })
    await guest.call('sock_open', 2, 1, OUT)
    await guest.address(64, server.port)
    await guest.call('sock_connect', 1000, 64)
    expect(await guest.call('grow', 16)).toBe(2)
    const waiting = guest.call('sock_recv', 1000, 1024, 10, OUT)
    ;(await server.next()).write('late')
    expect(await waiting).toBe(0)
    expect(await guest.text(1024, await guest.u32(OUT))).toBe('late')
  })

  test('call, read, write: wrong ones are told, and nothing works after close', async () => {
    const guest = await new WasiHost({ wait, stdin: 'ignore' }).instantiate(
      buildModule({ imports: preview1('sched_yield:') }),
    )
    expect(guest.exports).toContain('grow')
    await expect(guest.call('nothing')).rejects.toMatchObject({ code: 'ERR_WASI_LINK' })
    await expect(guest.read(1 << 30, 4)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
    await guest.close()
    await guest.close()
    await expect(guest.call('grow', 0)).rejects.toThrow(/closed|exited|ended/)
  })

  test('nothing stays open behind a guest that left its sockets open', async () => {
    const server = await echo()
    const host = new WasiHost({ wait, stdin: 'ignore', sockets: { allow: ['connect:*', 'bind:*'] } })
    const program = await host.compile(buildModule({ imports: udsImports }))
    await expectNoLeak(
      async () => {
        const guest = await host.instantiate(program)
        for (const type of [1, 1, 2]) await guest.call('uds_sock_open', 2, type, OUT)
        await guest.write(64, Uint8Array.of(2, server.port >> 8, server.port & 255, 127, 0, 0, 1))
        await guest.call('uds_sock_connect', 3, 64, 7)
        await guest.write(64, Uint8Array.of(2, 0, 0, 127, 0, 0, 1))
        await guest.call('uds_sock_bind', 4, 64, 7)
        await guest.call('uds_sock_bind', 5, 64, 7)
        await guest.close()
      },
      { times: 3 },
    )
    // Each start of a thread strips the types of the whole package: seconds, on a busy machine.
  }, 60_000)
})

describe('routes that need the thread of the host', () => {
  const dialed = preview1('sock_open:iii', 'sock_connect:ii', 'sock_send:iiii', 'sock_recv:iiii')

  test.each(['jspi', 'worker'] as const)(
    'a Duplex serves a connection under %s, and a function each',
    async (wait) => {
      if (!waits.includes(wait)) return
      const [near, far] = duplexPair()
      far.pipe(far)
      const guest = await drive({
        imports: dialed,
        host: {
          wait,
          sockets: { route: { '10.0.0.1:1': near, '10.0.0.2:1': () => Duplex.from([Buffer.from('made')]) } },
        },
      })
      await guest.address(64, 1, [10, 0, 0, 1])
      await guest.call('sock_open', 2, 1, OUT)
      expect(await guest.call('sock_connect', 1000, 64)).toBe(0)
      await guest.put(1024, 'through')
      expect(await guest.call('sock_send', 1000, 1024, 7, OUT)).toBe(0)
      expect(await guest.call('sock_recv', 1000, 2048, 64, OUT)).toBe(0)
      expect(await guest.text(2048, await guest.u32(OUT))).toBe('through')
      // A stream carries one connection.
      await guest.call('sock_open', 2, 1, OUT)
      expect(await guest.call('sock_connect', 1001, 64)).toBe(111)
      await guest.address(64, 1, [10, 0, 0, 2])
      await guest.call('sock_open', 2, 1, OUT)
      expect(await guest.call('sock_connect', 1002, 64)).toBe(0)
      expect(await guest.call('sock_recv', 1002, 2048, 64, OUT)).toBe(0)
      expect(await guest.text(2048, await guest.u32(OUT))).toBe('made')
    },
  )

  test('guest to guest: one listens in memory, the other dials a name', async () => {
    const server = await drive({
      imports: preview1Imports,
      host: { sockets: { listen: ['memory:uds-wasi-test'] } },
    })
    const client = await drive({
      imports: zigImports,
      host: { sockets: { route: { 'peer:1': 'memory:uds-wasi-test' } } },
    })
    await client.put(1024, 'peer')
    expect(await client.call('sock_resolve', 1024, 4, 1, 64, 1, OUT)).toBe(0)
    await client.call('sock_open', 2, 1, OUT)
    const [accepted, connected] = await Promise.all([
      server.call('sock_accept', 3, 0, OUT),
      client.call('sock_connect', 1000, 64),
    ])
    expect([accepted, connected]).toEqual([0, 0])
    await client.call('sock_send', 1000, 1024, 4, OUT)
    await server.words(16, 1024, 64)
    expect(await server.call('fd_read', await server.u32(OUT), 16, 1, OUT)).toBe(0)
    expect(await server.text(1024, await server.u32(OUT))).toBe('peer')
  })

  test('blocking refuses them at the start, and says what to use', () => {
    for (const sockets of [
      { route: { 'a:1': new PassThrough() } },
      { route: { 'a:1': 'tls:a:1' } },
      { route: { 'a:1': 'memory:x' } },
      { resolve: () => [] },
    ]) {
      expect(() => new WasiHost({ wait: 'blocking', sockets })).toThrow(/"jspi" or "worker"/)
    }
  })
})

test('a guest with nothing allowed reaches nothing', async () => {
  const server = await echo()
  const guest = await drive({ imports: [...udsImports, ...zigImports] })
  const attempts: number[] = []
  for (const [family, type] of [
    [1, 1],
    [2, 1],
    [2, 2],
    [10, 1],
    [10, 2],
  ] as const) {
    const code = await guest.call('uds_sock_open', family, type, OUT)
    if (code !== 0) continue
    const fd = await guest.u32(OUT)
    const length =
      family === 1
        ? await guest.put(64, [1, 0, 0, ...Buffer.from('/run/x')])
        : await guest.address(
            64,
            server.port,
            family === 2 ? [127, 0, 0, 1] : [...Array.from({ length: 15 }, () => 0), 1],
          )
    attempts.push(await guest.call('uds_sock_connect', fd, 64, length))
    attempts.push(await guest.call('uds_sock_bind', fd, 64, length))
    if (type === 2) attempts.push(await guest.call('uds_sock_sendto', fd, 1024, 4, 0, 64, length, OUT))
    else if (family !== 1) {
      attempts.push(await guest.call('uds_sock_listen', fd, 1))
      attempts.push(await guest.call('uds_sock_connect_host', fd, 64, 0, server.port))
      await guest.put(2048, '127.0.0.1')
      attempts.push(await guest.call('uds_sock_connect_host', fd, 2048, 9, server.port))
      attempts.push(await guest.call('sock_connect', fd, 64))
    }
  }
  expect(attempts.length).toBeGreaterThan(10)
  expect(attempts.every((code) => code === 2)).toBe(true)
  await guest.put(2048, 'localhost')
  expect(await guest.call('uds_sock_resolve', 2048, 9, 0, 80, 4096, 4, OUT)).toBe(2)
  expect(await guest.call('sock_resolve', 2048, 9, 80, 4096, 4, OUT)).toBe(2)
  expect(server.server.listening).toBe(true)
})

test('a guest in an endless loop is closed in a moment, and the call that it is in rejects', async () => {
  const endless = buildModule({ imports: [], wat: '(func (export "spin") (loop (br 0)))' })
  const guest = await new WasiHost({ wait: 'worker' }).instantiate(endless)
  const calling = rejectionOf(guest.call('spin'))
  const from = performance.now()
  await guest.close()
  expect(await calling).toBeInstanceOf(Error)
  // It has half a second to return, and had five.
  expect(performance.now() - from).toBeLessThan(4000)
})
