/** Components of WASI 0.2: each function of the host, called as a compiled component calls it. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { PassThrough, Writable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WasiHost } from '../src/index.ts'
import { wrap } from './builder/component.ts'
import { BUFFER, LIST, loopback, RET, startComponent } from './component-driver.ts'
import { assemble } from './builder/module.ts'
import { echo, serve, waits } from './driver.ts'

/** error-code of wasi:sockets/network */
const [ACCESS_DENIED, INVALID_ARGUMENT, NOT_IN_PROGRESS, WOULD_BLOCK, INVALID_STATE] = [1, 3, 7, 8, 9]
const CONNECTION_REFUSED = 14
const NAME_UNRESOLVABLE = 18

describe.each(waits)('a component under %s', (wait) => {
  test('dials, writes and reads, and reads the end of the stream', async () => {
    const server = await echo()
    const guest = await startComponent({ wait, sockets: { allow: ['connect:127.0.0.1:*'] } })
    const [socket, input, output] = await guest.connect(server.port)
    await guest.write(output, 'hello')
    expect(await guest.read(input)).toBe('hello')
    await guest.expectOk('tcp-socket.local-address', socket)
    expect([...(await guest.guest.read(RET + 10, 4))]).toEqual([127, 0, 0, 1])
    await guest.expectOk('tcp-socket.shutdown', socket, 1)
    expect(await guest.read(input)).toBe('closed')
    for (const [name, handle] of [
      ['drop.input-stream', input],
      ['drop.output-stream', output],
      ['drop.tcp-socket', socket],
    ] as const)
      await guest.guest.call(name, handle)
  })

  test('is refused what nothing allows, and hears why a connection failed', async () => {
    const guest = await startComponent({ wait, sockets: { allow: ['connect:127.0.0.1:1'] } })
    const socket = await guest.create('tcp')
    const network = await guest.network()
    expect(await guest.attempt('tcp-socket.start-connect', socket, network, ...loopback(2))).toBe(
      ACCESS_DENIED,
    )
    const other = await guest.create('tcp')
    let error = await guest.attempt('tcp-socket.start-connect', other, network, ...loopback(1))
    while (error === undefined || error === WOULD_BLOCK) {
      await guest.waitFor('tcp-socket.subscribe', other)
      error = await guest.attempt('tcp-socket.finish-connect', other)
    }
    expect(error).toBe(CONNECTION_REFUSED)
    const third = await guest.create('tcp')
    expect(await guest.attempt('tcp-socket.start-connect', third, network, ...loopback(0))).toBe(
      INVALID_ARGUMENT,
    )
    expect(await guest.attempt('tcp-socket.finish-connect', third)).toBe(NOT_IN_PROGRESS)
    expect(await guest.attempt('tcp-socket.start-listen', third)).toBe(INVALID_STATE)
  })

  test('binds, listens, accepts, and waits for several pollables at once', async () => {
    const guest = await startComponent({ wait, sockets: { allow: ['bind:127.0.0.1:*'] } })
    const listener = await guest.create('tcp')
    await guest.expectOk('tcp-socket.start-bind', listener, await guest.network(), ...loopback(0))
    await guest.expectOk('tcp-socket.finish-bind', listener)
    await guest.expectOk('tcp-socket.start-listen', listener)
    await guest.expectOk('tcp-socket.finish-listen', listener)
    expect(await guest.call('tcp-socket.is-listening', listener)).toBe(1)
    await guest.expectOk('tcp-socket.local-address', listener)
    const port = await guest.u16(RET + 8)
    expect(await guest.attempt('tcp-socket.accept', listener)).toBe(WOULD_BLOCK)
    const arriving = await guest.call('tcp-socket.subscribe', listener)
    const late = await guest.call('monotonic-clock.subscribe-duration', 60_000_000_000n)
    await guest.words(LIST, late, arriving)
    const client: Socket = connect({ port, host: '127.0.0.1' })
    onTestFinished(() => void client.destroy())
    await guest.guest.call('poll.poll', LIST, 2, RET)
    expect(await guest.u32(RET + 4)).toBe(1)
    expect(await guest.u32(await guest.u32(RET))).toBe(1)
    await guest.expectOk('tcp-socket.accept', listener)
    const [, input, output] = [await guest.u32(RET + 4), await guest.u32(RET + 8), await guest.u32(RET + 12)]
    client.write('from the client')
    expect(await guest.read(input)).toBe('from the client')
    await guest.write(output, 'from the guest')
    expect(String((await once(client, 'data'))[0])).toBe('from the guest')
  })

  test('splices one stream into another, and check-write permits what a write takes', async () => {
    const server = await serve()
    const guest = await startComponent({ wait, sockets: { allow: ['connect:127.0.0.1:*'] } })
    const [, input] = await guest.connect(server.port)
    const [, , output] = await guest.connect(server.port)
    const [from, to] = [await server.next(), await server.next()]
    await guest.expectOk('output-stream.check-write', output)
    expect(Number((await guest.u32(RET + 8)) > 0)).toBe(1)
    from.write('spliced')
    await guest.expectOk('output-stream.blocking-splice', output, input, 100n)
    expect(String((await once(to, 'data'))[0])).toBe('spliced')
  })

  test('sends and receives datagrams', async () => {
    const peer = createSocket('udp4')
    onTestFinished(() => void peer.close())
    peer.bind(0, '127.0.0.1')
    await once(peer, 'listening')
    peer.on('message', (bytes, { port }) => peer.send(`${String(bytes)}!`, port, '127.0.0.1'))
    const { port } = peer.address()
    const guest = await startComponent({ wait, sockets: { allow: [`connect:udp:127.0.0.1:${port}`] } })
    const socket = await guest.create('udp')
    const network = await guest.network()
    await guest.expectOk('udp-socket.start-bind', socket, network, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    await guest.expectOk('udp-socket.finish-bind', socket)
    await guest.expectOk('udp-socket.stream', socket, 0, ...loopback(0))
    const [incoming, outgoing] = [await guest.u32(RET + 4), await guest.u32(RET + 8)]
    const length = await guest.put(BUFFER, 'datagram')
    await guest.words(LIST, BUFFER, length, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    await guest.put(LIST + 16, [port & 255, port >> 8, 127, 0, 0, 1])
    await guest.expectOk('outgoing-datagram-stream.send', outgoing, LIST, 1)
    await guest.waitFor('incoming-datagram-stream.subscribe', incoming)
    await guest.expectOk('incoming-datagram-stream.receive', incoming, 10n)
    expect(await guest.u32(RET + 8)).toBe(1)
    const list = await guest.u32(RET + 4)
    expect(await guest.text(await guest.u32(list), await guest.u32(list + 4))).toBe('datagram!')
    expect(await guest.u16(list + 8 + 4)).toBe(port)
  })

  test('resolves a name that it may dial, and no other', async () => {
    const guest = await startComponent({
      wait,
      sockets: {
        allow: ['connect:a.internal:1', 'connect:none.internal:1'],
        resolve: { 'a.internal': ['10.0.0.1'], 'none.internal': [] },
      },
    })
    const network = await guest.network()
    const resolve = async (name: string): Promise<number | undefined> =>
      guest.attempt('ip-name-lookup.resolve-addresses', network, BUFFER, await guest.put(BUFFER, name))
    expect(await resolve('b.internal')).toBe(ACCESS_DENIED)
    expect(await resolve('none.internal')).toBe(NAME_UNRESOLVABLE)
    expect(await resolve('a.internal')).toBeUndefined()
    const stream = await guest.u32(RET + 4)
    await guest.guest.call('resolve-address-stream.resolve-next-address', stream, RET)
    expect([...(await guest.guest.read(RET, 10))]).toEqual([0, 0, 1, 0, 0, 0, 10, 0, 0, 1])
    await guest.guest.call('resolve-address-stream.resolve-next-address', stream, RET)
    expect(await guest.u8(RET + 2)).toBe(0)
  })

  test('has its arguments, its environment, clocks and random numbers', async () => {
    const guest = await startComponent({ wait, args: ['name', 'é'], env: { KEY: 'value' } })
    await guest.guest.call('environment.get-arguments', RET)
    expect(await guest.u32(RET + 4)).toBe(2)
    const list = await guest.u32(RET)
    expect(await guest.text(await guest.u32(list + 8), await guest.u32(list + 12))).toBe('é')
    await guest.guest.call('environment.get-environment', RET)
    expect(await guest.u32(RET + 4)).toBe(1)
    const before = (await guest.guest.call('monotonic-clock.now')) as bigint
    const pollable = await guest.call('monotonic-clock.subscribe-duration', 5_000_000n)
    await guest.guest.call('pollable.block', pollable)
    expect(((await guest.guest.call('monotonic-clock.now')) as bigint) - before).toBeGreaterThanOrEqual(
      5_000_000n,
    )
    await guest.guest.call('random.get-random-bytes', 16n, RET)
    expect(new Set(await guest.guest.read(await guest.u32(RET), 16)).size).toBeGreaterThan(1)
    await guest.guest.call('preopens.get-directories', RET)
    expect(await guest.u32(RET + 4)).toBe(0)
  })

  test('writes to its standard output, and reads its standard input', async () => {
    const out: string[] = []
    const stdout = new Writable({
      write: (chunk: Buffer, _encoding, done) => done(void out.push(chunk.toString())),
    })
    const guest = await startComponent({ wait, stdin: { text: 'typed' }, stdout })
    const output = await guest.call('stdout.get-stdout')
    await guest.write(output, 'printed')
    expect(await guest.read(await guest.call('stdin.get-stdin'))).toBe('typed')
    await guest.guest.close()
    expect(out.join('')).toBe('printed')
  })

  const traps: readonly (readonly [what: string, name: string, args: readonly number[]])[] = [
    ['an unknown handle', 'pollable.block', [77]],
    ['a handle of another type', 'pollable.block', [1]],
    ['an empty list of pollables', 'poll.poll', [LIST, 0, RET]],
    ['a list outside of the memory', 'poll.poll', [-16, 4, RET]],
    ['a descriptor, of which it has none', 'descriptor.sync', [1, RET]],
  ]
  test.each(traps)('traps at %s', async (_what, name, args) => {
    const guest = await startComponent({ wait })
    await guest.network()
    await expect(guest.guest.call(name, ...args)).rejects.toThrow(/handle|no pollable|outside of the memory/)
    await expect(guest.network()).rejects.toThrow(/exited/)
  })
})

const run = `(func (export "wasi:cli/run@0.2.0#run") (result i32)`
const command = (body: string): Uint8Array =>
  wrap([
    assemble(`(module (import "wasi:cli/exit@0.2.6" "exit-with-code" (func $exit (param i32)))
    (memory (export "memory") 1) ${run} ${body}))`),
  ])

test('run ends with 0, with 1 for an error, or with the code of exit', async () => {
  const host = new WasiHost({ stdin: 'ignore' })
  expect(await host.run(command('(i32.const 0)'))).toBe(0)
  expect(await host.run(command('(i32.const 1)'))).toBe(1)
  expect(await host.run(command('(call $exit (i32.const 7)) (i32.const 0)'))).toBe(7)
})

test.skipIf(waits[0] !== 'jspi')('input that comes late is waited for, and the thread goes on', async () => {
  const input = new PassThrough()
  const guest = await startComponent({ stdin: input })
  const reading = guest.read(await guest.call('stdin.get-stdin'))
  setImmediate(() => input.end('late'))
  expect(await reading).toBe('late')
})

describe('what cannot be run is refused in words', () => {
  const core = assemble('(module (memory (export "memory") 1))')

  test('a composed component, by what it has', async () => {
    const inner = wrap([core])
    const composed = wrap([core], { sections: [[4, [...inner]]] })
    const later = wrap([core], { sections: [[4, [...inner]]], exports: ['wasi:cli/run@0.3.0'] })
    await expect(new WasiHost().run(later)).rejects.toThrow(
      /0\.3 was composed of several: it has 1 components/,
    )
    // A function of canon that only components of 0.3 have: an instance that names nothing.
    const asynchronous = wrap([core], {
      sections: [
        [4, [...inner]],
        [8, [1, 0x1f, 0]],
      ],
    })
    await expect(new WasiHost().run(asynchronous)).rejects.toThrow(/a function of canon .* \(0x1f\)/)
    await expect(new WasiHost().run(composed)).rejects.toMatchObject({ code: 'ERR_INVALID_WASM' })
    await expect(new WasiHost().run(wrap([core, core]))).rejects.toThrow(/names the instance 0/)
  })

  test('imports that this host lacks, all of them', async () => {
    const lacking = wrap([
      assemble(`(module (import "wasi:keyvalue/store@0.2.0" "open" (func (result i32)))
        (import "my:own/thing" "do" (func)) (memory (export "memory") 1))`),
    ])
    const error = await new WasiHost().run(lacking).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_WASI_LINK' })
    expect((error as Error).message).toMatch(/wasi:keyvalue\/store@0\.2\.0\.open[^]*my:own\/thing\.do/)
  })
})
