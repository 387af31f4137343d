/** Guests in one thread, by JSPI: who waits holds up nobody, and who need not wait is not made to. */
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WasiHost } from '../src/index.ts'
import { hasJspi } from '../src/module/engine.ts'
import { buildModule, preview1 } from './builder/module.ts'
import { Driven, OUT, preview1Imports, serve } from './driver.ts'

const BUFFER = 1024
const IOVEC = 16
const SUBSCRIPTION = 128
const CLOCK_MONOTONIC = 1

/** Reads descriptor 3 and prints what came. */
const relay = buildModule({
  imports: [...preview1('fd_read:iiii', 'fd_write:iiii')],
  data: [{ at: IOVEC, bytes: new Uint8Array(Uint32Array.of(BUFFER, 4).buffer) }],
  wat: `(func (export "relay")
    (drop (call $fd_read (i32.const 3) (i32.const ${IOVEC}) (i32.const 1) (i32.const ${OUT})))
    (drop (call $fd_write (i32.const 1) (i32.const ${IOVEC}) (i32.const 1) (i32.const ${OUT}))))`,
})

describe.skipIf(!hasJspi)('under jspi', () => {
  test('a call whose data is there costs no turn of the loop', async () => {
    const server = await serve()
    const printed: string[] = []
    const stdout = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        printed.push(chunk.toString())
        done()
      },
    })
    const host = new WasiHost({
      wait: 'jspi',
      stdin: 'ignore',
      stdout,
      sockets: { connected: [`tcp:127.0.0.1:${server.port}`] },
    })
    const guest = await host.instantiate(relay)
    onTestFinished(() => guest.close())
    const peer = await server.next()
    // It waits for the first, and everybody else goes on.
    const first = guest.call('relay')
    expect(printed).toEqual([])
    peer.write('one.two.')
    await first
    expect(printed).toEqual(['one.'])
    // The second has come with it.
    let turned = false
    setImmediate(() => (turned = true))
    await guest.call('relay')
    expect({ printed, turned }).toEqual({ printed: ['one.', 'two.'], turned: false })
  })

  test('a guest that sleeps leaves the thread to others', async () => {
    const guest = new Driven(
      await new WasiHost({ wait: 'jspi', stdin: 'ignore' }).instantiate(
        buildModule({ imports: preview1Imports }),
      ),
    )
    onTestFinished(() => guest.guest.close())
    const nanoseconds = 100_000_000
    await guest.words(SUBSCRIPTION + 16, CLOCK_MONOTONIC, 0, nanoseconds)
    let asleep = true
    const sleeping = guest.call('poll_oneoff', SUBSCRIPTION, BUFFER, 1, OUT).finally(() => (asleep = false))
    // The loop turns while the guest sleeps.
    await new Promise(setImmediate)
    expect(asleep).toBe(true)
    expect(await sleeping).toBe(0)
    expect(await guest.u32(OUT)).toBe(1)
  })

  test('a hundred guests wait at once, and each gets what is its own', async () => {
    const many = 100
    const peers = new Map<string, Socket>()
    const server = await serve((peer) => {
      peer.once('data', (name: Buffer) => {
        peers.set(name.toString(), peer)
        // All of them wait by now. The last is answered first.
        if (peers.size === many) for (const [each, waiting] of [...peers].toReversed()) waiting.write(each)
      })
    })
    const host = new WasiHost({
      wait: 'jspi',
      stdin: 'ignore',
      sockets: { connected: [`tcp:127.0.0.1:${server.port}`] },
    })
    const program = await host.compile(buildModule({ imports: preview1Imports }))
    const guests = await Promise.all(
      Array.from({ length: many }, async () => new Driven(await host.instantiate(program))),
    )
    onTestFinished(async () => void (await Promise.all(guests.map(({ guest }) => guest.close()))))
    const answers = guests.map(async (guest, index) => {
      const length = await guest.put(2048, `guest ${index}`)
      await guest.words(24, 2048, length)
      expect(await guest.call('fd_write', 3, 24, 1, 32)).toBe(0)
      await guest.words(IOVEC, BUFFER, 64)
      expect(await guest.call('fd_read', 3, IOVEC, 1, OUT)).toBe(0)
      return guest.text(BUFFER, await guest.u32(OUT))
    })
    expect(await Promise.all(answers)).toEqual(guests.map((_, index) => `guest ${index}`))
  })
})
