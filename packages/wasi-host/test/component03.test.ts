/** Components of WASI 0.3: each function of the host, called as a compiled component calls it, and tasks. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough, Writable } from 'node:stream'
import { until } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inspect, WasiHost } from '../src/index.ts'
import { hasJspi } from '../src/module/engine.ts'
import { wrap } from './builder/component.ts'
import { buildComponent03, RUN03 } from './builder/component03.ts'
import { echoComponent03, ROUND_TRIPS } from './builder/echo03.ts'
import { assemble } from './builder/module.ts'
import {
  ARGS,
  BLOCKED,
  BUFFER,
  CANCELLED,
  COMPLETED,
  DROPPED,
  loopback,
  loopbackBytes,
  RET,
  startComponent03,
  type Component03,
} from './component03-driver.ts'
import { echo, serve } from './driver.ts'

/** error-code of wasi:sockets/types */
const [ACCESS_DENIED, INVALID_ARGUMENT, INVALID_STATE, ADDRESS_IN_USE, CONNECTION_REFUSED] = [0, 2, 5, 7, 9]

describe('streams and sockets', () => {
  test('a component dials, writes and reads, and hears how both directions ended', async () => {
    const server = await echo()
    const guest = await startComponent03({ sockets: { allow: ['connect:127.0.0.1:*'] } })
    const socket = await guest.create('tcp')
    expect(await guest.connect(socket, server.port)).toBeUndefined()
    const [writable, sent] = await guest.sender(socket)
    const [readable, received] = await guest.receiver(socket)
    expect(await guest.write(writable, 'hello')).toEqual({ result: COMPLETED, count: 5 })
    expect(await guest.read(readable)).toBe('hello')
    // The socket lives as long as its streams.
    await guest.call('drop.tcp-socket', socket)
    expect(await guest.write(writable, 'again')).toEqual({ result: COMPLETED, count: 5 })
    expect(await guest.read(readable)).toBe('again')
    await guest.call('stream-drop-writable.tcp-socket.send', writable)
    expect(await guest.outcome(sent)).toBeUndefined()
    expect(await guest.read(readable)).toBe(DROPPED)
    expect(await guest.outcome(received)).toBeUndefined()
    await guest.call('stream-drop-readable.tcp-socket.send', readable)
    for (const future of [sent, received]) await guest.call('future-drop-readable.tcp-socket.send', future)
  })

  test('what nothing allows is refused, and a connection that fails says why', async () => {
    const guest = await startComponent03({ sockets: { allow: ['connect:127.0.0.1:1'] } })
    expect(await guest.connect(await guest.create('tcp'), 2)).toBe(ACCESS_DENIED)
    const refused = await guest.create('tcp')
    expect(await guest.connect(refused, 1)).toBe(CONNECTION_REFUSED)
    expect(await guest.connect(refused, 1)).toBe(INVALID_STATE)
    expect(await guest.connect(await guest.create('tcp'), 0)).toBe(INVALID_ARGUMENT)
    const [writable, future] = await guest.sender(refused)
    expect(await guest.outcome(future)).toBe(INVALID_STATE)
    expect(await guest.write(writable, 'lost')).toEqual({ result: DROPPED, count: 0 })
  })

  test('a name is routed, and its addresses are those that the host gives', async () => {
    const server = await serve((socket) => socket.end('routed'))
    const guest = await startComponent03({
      sockets: { route: { 'web.internal:80': `tcp:127.0.0.1:${server.port}` } },
    })
    await guest.words(ARGS, 0)
    await guest.subtask(
      'ip-name-lookup.resolve-addresses',
      BUFFER,
      await guest.put(BUFFER, 'web.internal'),
      RET,
    )
    expect(await guest.u8(RET)).toBe(0)
    const [list, count] = [await guest.u32(RET + 4), await guest.u32(RET + 8)]
    expect(count).toBe(1)
    const ip = await guest.guest.read(list + 2, 4)
    const socket = await guest.create('tcp')
    await guest.connectArgs(socket, 80)
    await guest.put(ARGS + 4 + 6, ip)
    await guest.subtask('tcp-socket.connect', ARGS, RET)
    expect(await guest.error()).toBeUndefined()
    const [readable] = await guest.receiver(socket)
    expect(await guest.read(readable)).toBe('routed')
    await guest.subtask(
      'ip-name-lookup.resolve-addresses',
      BUFFER,
      await guest.put(BUFFER, 'other.internal'),
      RET,
    )
    expect(await guest.error()).toBe(ACCESS_DENIED)
  })

  // Without JSPI the system binds through libc, and Windows has none.
  const binds = hasJspi || process.platform !== 'win32'

  test.skipIf(binds)('where nothing can bind at once, a component is refused in words', async () => {
    const guest = await startComponent03({ sockets: { allow: ['bind:127.0.0.1:*'] } })
    const binding = guest.attempt('tcp-socket.bind', await guest.create('tcp'), ...loopback(0))
    await expect(binding).rejects.toThrow(/needs an engine that can suspend/)
  })

  test.runIf(binds)('a listener is a stream of sockets, which outlives its handle', async () => {
    const guest = await startComponent03({ sockets: { allow: ['bind:127.0.0.1:*'] } })
    const listener = await guest.create('tcp')
    await guest.expectOk('tcp-socket.bind', listener, ...loopback(0))
    await guest.expectOk('tcp-socket.get-local-address', listener)
    const port = await guest.u16(RET + 8)
    expect(await guest.attempt('tcp-socket.bind', await guest.create('tcp'), ...loopback(port))).toBe(
      ADDRESS_IN_USE,
    )
    await guest.expectOk('tcp-socket.listen', listener)
    const connections = await guest.u32(RET + 4)
    await guest.call('drop.tcp-socket', listener)
    expect(await guest.call('stream-read.tcp-socket.listen', connections, BUFFER, 4)).toBe(BLOCKED)
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    onTestFinished(() => void client.destroy())
    const { payload } = await guest.event(connections)
    expect(payload).toBe(COMPLETED | (1 << 4))
    const accepted = await guest.u32(BUFFER)
    const [writable] = await guest.sender(accepted)
    const [readable] = await guest.receiver(accepted)
    client.write('from the client')
    expect(await guest.read(readable)).toBe('from the client')
    await guest.write(writable, 'from the guest')
    expect(String((await once(client, 'data'))[0])).toBe('from the guest')
    await guest.call('stream-drop-readable.tcp-socket.listen', connections)
    const [failure] = (await once(connect({ port, host: '127.0.0.1' }), 'error')) as [Error]
    expect(failure).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('a stream that is given back to the host goes on without the component', async () => {
    const server = await serve()
    const guest = await startComponent03({ sockets: { allow: ['connect:127.0.0.1:*'] } })
    const sockets = [await guest.create('tcp'), await guest.create('tcp')]
    for (const socket of sockets) expect(await guest.connect(socket, server.port)).toBeUndefined()
    const [from, to] = [await server.next(), await server.next()]
    const [readable] = await guest.receiver(sockets[0]!)
    const future = await guest.call('tcp-socket.send', sockets[1]!, readable)
    from.end('through')
    expect(String((await once(to, 'data'))[0])).toBe('through')
    expect(await guest.outcome(future)).toBeUndefined()
  })

  test('a copy that is cancelled takes nothing, and the bytes wait for the next', async () => {
    const server = await serve()
    const guest = await startComponent03({ sockets: { allow: ['connect:127.0.0.1:*'] } })
    const socket = await guest.create('tcp')
    await guest.connect(socket, server.port)
    const peer = await server.next()
    const [readable] = await guest.receiver(socket)
    expect(await guest.call('stream-read.tcp-socket.send', readable, BUFFER, 100)).toBe(BLOCKED)
    expect(await guest.call('stream-cancel-read.tcp-socket.send', readable)).toBe(CANCELLED)
    peer.write('kept')
    expect(await guest.read(readable)).toBe('kept')
  })

  test('within a component bytes go from one end to the other', async () => {
    const guest = await startComponent03()
    const [readable, writable] = await guest.pair('stream-new.tcp-socket.send')
    expect(await guest.call('stream-read.tcp-socket.send', readable, BUFFER, 100)).toBe(BLOCKED)
    await guest.put(BUFFER + 1000, 'inside')
    expect(await guest.call('stream-write.tcp-socket.send', writable, BUFFER + 1000, 6)).toBe(6 << 4)
    expect((await guest.event(readable)).payload).toBe(6 << 4)
    expect(await guest.text(BUFFER, 6)).toBe('inside')
    expect(await guest.call('stream-write.tcp-socket.send', writable, BUFFER, 1)).toBe(BLOCKED)
    await guest.call('stream-drop-readable.tcp-socket.send', readable)
    expect((await guest.event(writable)).payload).toBe(DROPPED)
  })

  test('datagrams are sent and received, and a receive that is cancelled loses none', async () => {
    const peer = createSocket('udp4')
    onTestFinished(() => void peer.close())
    peer.bind(0, '127.0.0.1')
    await once(peer, 'listening')
    peer.on('message', (bytes, { port }) => peer.send(`${String(bytes)}!`, port, '127.0.0.1'))
    const { port } = peer.address()
    const guest = await startComponent03({ sockets: { allow: [`connect:udp:127.0.0.1:${port}`] } })
    const socket = await guest.create('udp')
    expect(await guest.attempt('udp-socket.get-local-address', socket)).toBe(INVALID_STATE)
    await guest.expectOk('udp-socket.connect', socket, ...loopback(port))
    const packed = await guest.call('async.udp-socket.receive', socket, RET)
    expect(packed & 15).toBe(1)
    expect(await guest.call('subtask-cancel', packed >>> 4)).toBe(4)
    await guest.call('subtask-drop', packed >>> 4)
    await guest.put(BUFFER, 'datagram')
    await guest.words(ARGS, socket, BUFFER, 8, 0)
    await guest.subtask('udp-socket.send', ARGS, RET)
    expect(await guest.error()).toBeUndefined()
    await guest.subtask('udp-socket.receive', socket, RET)
    expect(await guest.u8(RET)).toBe(0)
    expect(await guest.text(await guest.u32(RET + 4), await guest.u32(RET + 8))).toBe('datagram!')
    expect([...(await guest.guest.read(RET + 12, 10))]).toEqual(loopbackBytes(port).slice(0, 10))
    await guest.expectOk('udp-socket.disconnect', socket)
    await guest.subtask('udp-socket.send', ARGS, RET)
    expect(await guest.error()).toBe(INVALID_ARGUMENT)
  })
})

describe('the rest of what a command has', () => {
  test('arguments, environment, clocks, random numbers', async () => {
    const guest = await startComponent03({ args: ['name', 'é'], env: { KEY: 'value' } })
    await guest.guest.call('environment.get-arguments', RET)
    const list = await guest.u32(RET)
    expect(await guest.text(await guest.u32(list + 8), await guest.u32(list + 12))).toBe('é')
    await guest.guest.call('environment.get-environment', RET)
    const pairs = await guest.u32(RET)
    expect(await guest.text(await guest.u32(pairs + 8), await guest.u32(pairs + 12))).toBe('value')
    const before = (await guest.guest.call('monotonic-clock.now')) as bigint
    await guest.subtask('monotonic-clock.wait-for', 5_000_000n)
    const after = (await guest.guest.call('monotonic-clock.now')) as bigint
    expect(after - before).toBeGreaterThanOrEqual(5_000_000n)
    const waiting = await guest.call('async.monotonic-clock.wait-for', 3_600_000_000_000n)
    expect(await guest.call('subtask-cancel', waiting >>> 4)).toBe(4)
    await guest.guest.call('random.get-random-bytes', 16n, RET)
    expect(new Set(await guest.guest.read(await guest.u32(RET), 16)).size).toBeGreaterThan(1)
    await guest.guest.call('insecure-seed.get-insecure-seed', RET)
    const seed = [...(await guest.guest.read(RET, 16))]
    await guest.guest.call('insecure-seed.get-insecure-seed', RET)
    expect([...(await guest.guest.read(RET, 16))]).toEqual(seed)
  })

  test('standard output takes a stream, and standard input is one', async () => {
    const out: string[] = []
    const stdout = new Writable({
      write: (chunk: Buffer, _encoding, done) => done(void out.push(chunk.toString())),
    })
    const input = new PassThrough()
    const guest = await startComponent03({ stdin: input, stdout })
    const [readable, writable] = await guest.pair('stream-new.tcp-socket.send')
    const future = await guest.call('stdout.write-via-stream', readable)
    expect(await guest.write(writable, 'printed')).toEqual({ result: COMPLETED, count: 7 })
    await guest.call('stream-drop-writable.tcp-socket.send', writable)
    expect(await guest.copy('future-read.stdin.read-via-stream', future, RET)).toMatchObject({
      result: COMPLETED,
    })
    await until(() => out.join('') === 'printed')
    await guest.guest.call('stdin.read-via-stream', RET)
    const stdin = await guest.u32(RET)
    input.end('typed')
    expect(await guest.read(stdin)).toBe('typed')
    expect(await guest.read(stdin)).toBe(DROPPED)
  })
})

const LIFT = `[async-lift]${RUN03}#run`

/** A command of these functions: what begins it, and what it does with an event. */
const command = (start: string, onEvent = '(unreachable)', more = ''): Uint8Array =>
  wrap(
    [
      assemble(`(module
        (import "[export]${RUN03}" "[task-return]run" (func $return (param i32)))
        (import "$root" "[waitable-set-new]" (func $set-new (result i32)))
        (import "$root" "[waitable-join]" (func $join (param i32 i32)))
        (import "$root" "[subtask-drop]" (func $subtask-drop (param i32)))
        (import "$root" "[context-get-0]" (func $get (result i32)))
        (import "$root" "[context-set-0]" (func $set (param i32)))
        (import "wasi:clocks/monotonic-clock@0.3.0" "[async-lower]wait-for" (func $wait (param i64) (result i32)))
        (import "wasi:cli/exit@0.3.0" "exit-with-code" (func $exit (param i32)))
        ${more}
        (memory (export "memory") 1)
        (func (export "${LIFT}") (result i32) (local $task i32) ${start})
        (func (export "[callback]${LIFT}") (param $event i32) (param $index i32) (param $payload i32) (result i32)
          ${onEvent}))`),
    ],
    { exports: [RUN03] },
  )

const returns = (code: number): string => `(call $return (i32.const ${code})) (i32.const 0)`
/** Waits for a timer, in a new set. */
const sleeps = (ns: number): string => `
  (call $set (call $set-new))
  (local.set $task (i32.shr_u (call $wait (i64.const ${ns})) (i32.const 4)))
  (call $join (local.get $task) (call $get))
  (i32.or (i32.const 2) (i32.shl (call $get) (i32.const 4)))`

const run = (component: Uint8Array, signal?: AbortSignal): Promise<number> =>
  new WasiHost({ stdin: 'ignore' }).run(component, { signal })

describe('a task', () => {
  test('returns at once: 0, 1 for an error, or the code of exit', async () => {
    expect(await run(command(returns(0)))).toBe(0)
    expect(await run(command(returns(1)))).toBe(1)
    expect(await run(command('(call $exit (i32.const 7)) (i32.const 0)'))).toBe(7)
  })

  test('goes on with an event, and after a turn of the loop', async () => {
    const woken = `(call $subtask-drop (local.get $index)) ${returns(0)}`
    expect(await run(command(sleeps(1_000_000), woken))).toBe(0)
    expect(await run(command('(i32.const 1)', returns(0)))).toBe(0)
  })

  test('ends with its signal, whatever it waits for', async () => {
    const aborting = new AbortController()
    const running = run(command(sleeps(3_600_000_000_000)), aborting.signal)
    const forEver = run(
      command('(i32.or (i32.const 2) (i32.shl (call $set-new) (i32.const 4)))'),
      aborting.signal,
    )
    setImmediate(() => aborting.abort(new Error('enough')))
    await Promise.all([running, forEver].map((each) => expect(each).rejects.toThrow('enough')))
  })

  test.each([
    ['ends and has returned nothing', '(i32.const 0)', /returned nothing/],
    ['returns twice', `(call $return (i32.const 0)) ${returns(0)}`, /returned already/],
    ['waits for a set that is none', '(i32.const 0x22)', /no WaitableSet/],
    ['returns a code that is none', '(i32.const 9)', /the code 9/],
    ['has its trap', '(unreachable)', /unreachable/],
  ])('traps when it %s', async (_what, start, message) => {
    await expect(run(command(start))).rejects.toThrow(message)
  })

  test('makes round trips over streams in its callback', async () => {
    const server = await echo()
    const guest = await startComponent03({ sockets: { allow: ['connect:127.0.0.1:*'] } }, echoComponent03())
    const socket = await guest.create('tcp')
    expect(await guest.connect(socket, server.port)).toBeUndefined()
    const [writable] = await guest.sender(socket)
    const [readable] = await guest.receiver(socket)
    expect(await guest.guest.call(ROUND_TRIPS, readable, writable, 20, 100_000)).toBe(0)
  })

  const sleep = 'import "wasi:clocks/monotonic-clock@0.3.0" "wait-for" (func $sleep (param i64))'
  const sleeper = command(`(call $sleep (i64.const 1000000)) ${returns(0)}`, '(unreachable)', `(${sleep})`)
  test.runIf(hasJspi)('may make a call that waits, by its own stack', async () => {
    expect(await run(sleeper)).toBe(0)
    const stackful = wrap(
      [
        assemble(`(module (import "[export]${RUN03}" "[task-return]run" (func $return (param i32))) (${sleep})
          (memory (export "memory") 1)
          (func (export "[async-lift-stackful]${RUN03}#run")
            (call $sleep (i64.const 1000000)) (call $return (i32.const 0))))`),
      ],
      { exports: [RUN03] },
    )
    expect(await run(stackful)).toBe(0)
  })
  test.skipIf(hasJspi)('is refused a call that waits without JSPI, in words', async () => {
    await expect(run(sleeper)).rejects.toThrow(/needs an engine that can suspend/)
  })
})

describe('a component that breaks the rules traps', () => {
  const STREAM = 'tcp-socket.send'
  const broken: readonly (readonly [
    what: string,
    how: (guest: Component03) => Promise<unknown>,
    message: RegExp,
  ])[] = [
    ['an unknown handle', (guest) => guest.call('waitable-join', 77, 0), /77 is no Waitable/],
    [
      'an end that was dropped',
      async (guest) => {
        const [readable] = await guest.pair(`stream-new.${STREAM}`)
        await guest.call(`stream-drop-readable.${STREAM}`, readable)
        await guest.call(`stream-read.${STREAM}`, readable, BUFFER, 1)
      },
      /no ReadEnd/,
    ],
    [
      'an end of another type',
      async (guest) => {
        const [readable] = await guest.pair('stream-new.tcp-socket.listen')
        await guest.call(`stream-read.${STREAM}`, readable, BUFFER, 1)
      },
      /another type/,
    ],
    [
      'a copy outside of the memory',
      async (guest) => {
        const [readable] = await guest.pair(`stream-new.${STREAM}`)
        await guest.call(`stream-read.${STREAM}`, readable, -16, 32)
      },
      /outside of the memory/,
    ],
    [
      'a place that is not aligned',
      async (guest) => {
        const [readable] = await guest.pair(`future-new.${STREAM}`)
        await guest.call(`future-read.${STREAM}`, readable, BUFFER + 1)
      },
      /not aligned/,
    ],
    [
      'a second copy while the first waits, and a drop meanwhile',
      async (guest) => {
        const [readable] = await guest.pair(`stream-new.${STREAM}`)
        expect(await guest.call(`stream-read.${STREAM}`, readable, BUFFER, 1)).toBe(BLOCKED)
        await guest.call(`stream-drop-readable.${STREAM}`, readable)
      },
      /under way/,
    ],
    [
      'a future that is dropped without its value',
      async (guest) => {
        const [, writable] = await guest.pair(`future-new.${STREAM}`)
        await guest.call(`future-drop-writable.${STREAM}`, writable)
      },
      /before its value/,
    ],
    [
      'a subtask that is dropped before it has returned',
      async (guest) => {
        const packed = await guest.call('async.monotonic-clock.wait-for', 3_600_000_000_000n)
        await guest.call('subtask-drop', packed >>> 4)
      },
      /has not returned/,
    ],
    [
      'a set that is dropped with a member in it',
      async (guest) => {
        const [readable] = await guest.pair(`stream-new.${STREAM}`)
        const set = await guest.call('waitable-set-new')
        await guest.call('waitable-join', readable, set)
        await guest.call('waitable-set-drop', set)
      },
      /still has 1 members/,
    ],
    [
      'a string that is no UTF-8',
      async (guest) => {
        await guest.put(BUFFER, [0xff, 0xfe])
        await guest.call('async.ip-name-lookup.resolve-addresses', BUFFER, 2, RET)
      },
      /not UTF-8/,
    ],
    ['backpressure that was never raised', (guest) => guest.call('backpressure-dec'), /lowered more often/],
  ]
  test.each(broken)('at %s, and is never entered again', async (_what, how, message) => {
    const guest = await startComponent03()
    await expect(how(guest)).rejects.toThrow(message)
    await expect(guest.call('waitable-set-new')).rejects.toThrow(/exited/)
  })

  test('streams of a socket that are dropped before its handle close it with the last of them', async () => {
    const server = await serve()
    const guest = await startComponent03({ sockets: { allow: ['connect:127.0.0.1:*'] } })
    const socket = await guest.create('tcp')
    await guest.connect(socket, server.port)
    const peer = await server.next()
    const [writable, sent] = await guest.sender(socket)
    const [readable, received] = await guest.receiver(socket)
    await guest.call('future-drop-readable.tcp-socket.send', sent)
    await guest.call('future-drop-readable.tcp-socket.send', received)
    await guest.call('stream-drop-writable.tcp-socket.send', writable)
    await guest.call('stream-drop-readable.tcp-socket.send', readable)
    peer.resume()
    await once(peer, 'end')
    peer.end()
    await guest.call('drop.tcp-socket', socket)
    if (!peer.closed) await once(peer, 'close')
    expect(peer.closed).toBe(true)
  })
})

describe('what cannot be run is refused in words', () => {
  test('0.3 is never called 0.2, and a draft of it is neither', async () => {
    expect(inspect(buildComponent03())).toMatchObject({ kind: 'component', abi: 'wasi-0.3', command: true })
    const core = assemble('(module (memory (export "memory") 1))')
    const draft = wrap([core], { exports: ['wasi:cli/run@0.3.0-rc-2026-03-15'] })
    await expect(new WasiHost().run(draft)).rejects.toThrow(/a draft of WASI 0\.3, 0\.3\.0-rc-2026-03-15/)
  })

  test.each(['worker', 'blocking'] as const)('%s, which it does not need', async (wait) => {
    await expect(new WasiHost({ wait }).run(command(returns(0)))).rejects.toMatchObject({ code: 'ENOTSUP' })
  })
})
