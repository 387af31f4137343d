/** Connections that break, and guests that leave: no byte is lost on the way. */
import type { ServerOpts, Socket } from 'node:net'
import { Duplex, Writable } from 'node:stream'
import { socketPath } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { describe, expect, test } from 'vitest'
import { WasiHost, type SocketsOptions, type WaitMode } from '../src/index.ts'
import { NodeNetwork } from '../src/network/node/network.ts'
import { NodeStreamEnd } from '../src/network/node/stream-end.ts'
import { Resolver } from '../src/network/resolver.ts'
import { buildModule, type Import } from './builder/module.ts'
import { drive, OUT, preview1Imports, serve, udsImports, waits, type Driven } from './driver.ts'

const SUCCESS = 0
const ECONNRESET = 15
const EPIPE = 64

const PEEK = 1
const WAITALL = 2

const ADDRESS = 64
const ENTRIES = 128
const BUFFER = 1024
const MIB = 1024 * 1024

const POLLIN = 1
const POLLHUP = 16

/** Data in the memory of the guest, past what other calls write. */
const LARGE = 64 * 1024

/** Room for more than 2 MiB. */
const PAGES = 40

const start = (wait: WaitMode, sockets: SocketsOptions): Promise<Driven> =>
  drive({ imports: [...udsImports, ...preview1Imports], pages: PAGES, host: { wait, sockets } })

/** A peer that leaves unread what it does not ask for: Node reads ahead otherwise. */
const UNREAD: ServerOpts = { pauseOnConnect: true }

/** A guest and the peer that it is connected with. */
const connected = async (
  wait: WaitMode,
  options: ServerOpts = {},
): Promise<{ guest: Driven; fd: number; peer: Socket }> => {
  const server = await serve(undefined, undefined, options)
  const guest = await start(wait, { allow: [`connect:127.0.0.1:${server.port}`] })
  const fd = await dial(guest, server.port)
  return { guest, fd, peer: await server.next() }
}

const dial = async (guest: Driven, port: number): Promise<number> => {
  expect(await guest.call('uds_sock_open', 2, 1, OUT)).toBe(SUCCESS)
  const fd = await guest.u32(OUT)
  await guest.address(ADDRESS, port)
  expect(await guest.call('uds_sock_connect', fd, ADDRESS, 19)).toBe(SUCCESS)
  return fd
}

const dialName = async (guest: Driven, name: string): Promise<number> => {
  expect(await guest.call('uds_sock_open', 2, 1, OUT)).toBe(SUCCESS)
  const fd = await guest.u32(OUT)
  const length = await guest.put(BUFFER, name)
  expect(await guest.call('uds_sock_connect_host', fd, BUFFER, length, 1)).toBe(SUCCESS)
  return fd
}

/** Waits, by the guest's own means, until its host knows that the connection is over. */
const untilHungUp = async (guest: Driven, fd: number, wait: WaitMode): Promise<void> => {
  await guest.words(ENTRIES, fd, POLLIN)
  // There it is the system that knows.
  if (wait === 'blocking') return untilReadable(guest, fd)
  for (let revents = 0; (revents & POLLHUP) === 0; revents = await guest.u16(ENTRIES + 6)) {
    expect(await guest.call('uds_sock_poll', ENTRIES, 1, 1, OUT)).toBe(SUCCESS)
    // The streams of the host have their turn.
    await new Promise(setImmediate)
  }
}

/** Waits until something has come. */
const untilReadable = async (guest: Driven, fd: number): Promise<void> => {
  await guest.words(ENTRIES, fd, POLLIN)
  expect(await guest.call('uds_sock_poll', ENTRIES, 1, -1, OUT)).toBe(SUCCESS)
}

/** What one call receives: text, or the errno. */
const receive = async (guest: Driven, fd: number, size: number, flags = 0): Promise<string | number> => {
  const errno = await guest.call('uds_sock_recv', fd, LARGE, size, flags, OUT)
  return errno === SUCCESS ? guest.text(LARGE, await guest.u32(OUT)) : errno
}

/** What a peer gets until the end, or until the connection breaks. */
const gotBy = (peer: Socket): Promise<{ text: string; error: string | undefined }> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    let error: string | undefined
    peer.on('data', (chunk: Buffer) => chunks.push(chunk))
    peer.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code))
    const done = (): void => resolve({ text: Buffer.concat(chunks).toString(), error })
    peer.once('end', done).once('close', done)
  })

/** Winsock gives up what a socket has received and nobody has read when the peer resets the connection. */
const dropsAtReset = capabilities().system === 'win32'

describe.each(waits)('under %s', (wait) => {
  // What Node has read already is not the system's to drop.
  test.skipIf(dropsAtReset && wait === 'blocking')(
    'what came before a reset is read, then the reset is told once, then it is the end',
    async () => {
      const { guest, fd, peer } = await connected(wait)
      peer.write('last words')
      await untilReadable(guest, fd)
      peer.resetAndDestroy()
      await untilHungUp(guest, fd, wait)
      expect(await receive(guest, fd, 4)).toBe('last')
      expect(await receive(guest, fd, 100, PEEK)).toBe(' words')
      expect(await receive(guest, fd, 100)).toBe(' words')
      expect(await receive(guest, fd, 100)).toBe(ECONNRESET)
      expect(await receive(guest, fd, 100)).toBe('')
    },
  )

  test('a reset without a byte is told, and no end', async () => {
    const { guest, fd, peer } = await connected(wait)
    peer.resetAndDestroy()
    await untilHungUp(guest, fd, wait)
    expect(await receive(guest, fd, 100)).toBe(ECONNRESET)
    expect(await receive(guest, fd, 100)).toBe('')
  })

  test.skipIf(dropsAtReset)('a guest that waits when the reset comes has it all the same', async () => {
    const { guest, fd, peer } = await connected(wait)
    const all = receive(guest, fd, 100, WAITALL)
    peer.write('last words')
    peer.resetAndDestroy()
    expect(await all).toBe('last words')
    expect(await receive(guest, fd, 100)).toBe(ECONNRESET)
    expect(await receive(guest, fd, 100)).toBe('')
  })

  test.skipIf(dropsAtReset && wait === 'blocking')(
    'a part of a vector is given; what broke behind it is told by the next call',
    async () => {
      const { guest, fd, peer } = await connected(wait)
      peer.write('four')
      await untilReadable(guest, fd)
      peer.resetAndDestroy()
      await untilHungUp(guest, fd, wait)
      await guest.words(ENTRIES, LARGE, 4, LARGE + 4, 4)
      expect(await guest.call('sock_recv', fd, ENTRIES, 2, 0, OUT, OUT + 4)).toBe(SUCCESS)
      expect(await guest.text(LARGE, await guest.u32(OUT))).toBe('four')
      expect(await guest.call('sock_recv', fd, ENTRIES, 2, 0, OUT, OUT + 4)).toBe(ECONNRESET)
      expect(await guest.call('sock_recv', fd, ENTRIES, 2, 0, OUT, OUT + 4)).toBe(SUCCESS)
      expect(await guest.u32(OUT)).toBe(0)
    },
  )

  // At a socket file, where a reset does not drop what is on its way.
  test.skipIf(dropsAtReset)(
    'a call that wants more than there will be gets what there is, and then the error',
    async () => {
      const path = socketPath()
      const server = await serve(undefined, { path }, UNREAD)
      const guest = await start(wait, { route: { 'peer.internal:1': `unix:${path}` } })
      const fd = await dialName(guest, 'peer.internal')
      const peer = await server.next()
      expect(await guest.call('uds_sock_send', fd, BUFFER, 1, 0, OUT)).toBe(SUCCESS)
      const all = guest.call('uds_sock_recv', fd, LARGE, 2 * MIB, WAITALL, OUT)
      // As much as one call between two threads carries.
      await new Promise((sent) => peer.write(Buffer.alloc(MIB, 'a'), sent))
      // With a byte unread: that is a reset.
      peer.destroy()
      expect(await all).toBe(SUCCESS)
      expect(await guest.u32(OUT)).toBe(MIB)
      expect(await receive(guest, fd, 100)).toBe(ECONNRESET)
      expect(await receive(guest, fd, 100)).toBe('')
    },
  )

  test.skipIf(dropsAtReset)('the error that a part hides is asked for by SO_ERROR too', async () => {
    const { guest, fd, peer } = await connected(wait)
    const all = receive(guest, fd, 100, WAITALL)
    peer.write('part')
    peer.resetAndDestroy()
    expect(await all).toBe('part')
    expect(await guest.call('uds_sock_getsockopt', fd, 1, 4, BUFFER, 4, OUT)).toBe(SUCCESS)
    expect(await guest.u32(BUFFER)).toBe(ECONNRESET)
    expect(await receive(guest, fd, 100)).toBe('')
  })

  test.skipIf(dropsAtReset)('a write that fails leaves what the peer has said before it left', async () => {
    const { guest, fd, peer } = await connected(wait, UNREAD)
    await guest.put(BUFFER, 'a long request')
    expect(await guest.call('uds_sock_send', fd, BUFFER, 14, 0, OUT)).toBe(SUCCESS)
    // The peer answers and leaves without having read it: that is a reset.
    peer.write('no')
    peer.destroy()
    const sent = await guest.call('uds_sock_send', fd, BUFFER, 14, 0, OUT)
    expect([EPIPE, ECONNRESET]).toContain(sent)
    expect(await guest.call('uds_sock_send', fd, BUFFER, 14, 0, OUT)).not.toBe(SUCCESS)
    expect(await receive(guest, fd, 100)).toBe('no')
  })

  test('what the guest has sent arrives whole, though it closes with bytes unread', async () => {
    const { guest, fd, peer } = await connected(wait)
    const got = gotBy(peer)
    peer.write('never read')
    await untilReadable(guest, fd)
    await guest.put(BUFFER, 'answer')
    expect(await guest.call('uds_sock_send', fd, BUFFER, 6, 0, OUT)).toBe(SUCCESS)
    expect(await guest.call('uds_sock_close', fd)).toBe(SUCCESS)
    expect(await got).toEqual({ text: 'answer', error: undefined })
  })

  test('the same when it ends and closes nothing', async () => {
    const { guest, fd, peer } = await connected(wait)
    peer.write('never read')
    await untilReadable(guest, fd)
    const size = 2 * MIB
    await guest.put(LARGE, Buffer.alloc(size, 'x'))
    const sending = (async () => {
      for (let sent = 0; sent < size; sent += await guest.u32(OUT)) {
        expect(await guest.call('uds_sock_send', fd, LARGE, size - sent, 0, OUT)).toBe(SUCCESS)
      }
    })()
    const got = gotBy(peer)
    await sending
    await guest.guest.close()
    const { text, error } = await got
    expect({ bytes: text.length, error }).toEqual({ bytes: size, error: undefined })
  })

  test('SO_LINGER of no time is a reset', async () => {
    const { guest, fd, peer } = await connected(wait)
    const got = gotBy(peer)
    await guest.words(BUFFER, 0)
    expect(await guest.call('uds_sock_setsockopt', fd, 1, 13, BUFFER, 4)).toBe(SUCCESS)
    expect(await guest.call('uds_sock_close', fd)).toBe(SUCCESS)
    expect(await got).toEqual({ text: '', error: 'ECONNRESET' })
  })

  test('what a guest prints is out when it has ended, however slow the stream', async () => {
    const printed: string[] = []
    const slow = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        setTimeout(() => {
          printed.push(chunk.toString())
          done()
        }, 20)
      },
    })
    expect(await new WasiHost({ stdin: 'ignore', stdout: slow, wait }).run(printing(5))).toBe(0)
    expect(printed.join('')).toBe('line\n'.repeat(5))
  })

  test('a stream that refuses what a guest prints ends no process', async () => {
    const refusing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no room')) })
    expect(await new WasiHost({ stdin: 'ignore', stdout: refusing, wait }).run(printing(2))).toBe(0)
  })
})

const fdWrite: Import = { module: 'wasi_snapshot_preview1', name: 'fd_write', parameters: 'iiii' }

/** A command that prints so many lines. */
const printing = (lines: number): Uint8Array =>
  buildModule({
    imports: [fdWrite],
    data: [
      { at: 16, bytes: new Uint8Array(Uint32Array.from([32, 5]).buffer) },
      { at: 32, bytes: Buffer.from('line\n') },
    ],
    wat: `(func (export "_start") ${'(drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))'.repeat(lines)})`,
  })

/** Under `blocking` there are none of these: they are streams of this thread. */
describe.each(waits.filter((wait) => wait !== 'blocking'))('streams of this process under %s', (wait) => {
  test('all that a stream gave before it was destroyed is read, more than is read ahead too', async () => {
    const size = MIB
    const given = new Duplex({
      read() {},
      write: (_chunk, _encoding, done) => done(),
    })
    const guest = await start(wait, { route: { 'stream.internal:1': () => given } })
    const fd = await dialName(guest, 'stream.internal')
    for (let left = size; left > 0; left -= 16 * 1024) given.push(Buffer.alloc(16 * 1024, 'z'))
    given.destroy(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
    await untilHungUp(guest, fd, wait)
    let got = 0
    for (;;) {
      const text = await receive(guest, fd, 512 * 1024)
      if (typeof text !== 'string' || text === '') {
        expect({ got, text }).toEqual({ got: size, text: ECONNRESET })
        break
      }
      got += text.length
    }
    expect(await receive(guest, fd, 100)).toBe('')
  })

  test('a stream that was over before the guest had it says so', async () => {
    const over = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    over.on('error', () => {})
    over.push('left behind')
    over.destroy(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
    await new Promise((closed) => over.once('close', closed))
    const guest = await start(wait, { route: { 'stream.internal:1': () => over } })
    const fd = await dialName(guest, 'stream.internal')
    expect(await receive(guest, fd, 100)).toBe('left behind')
    expect(await receive(guest, fd, 100)).toBe(ECONNRESET)
    expect(await receive(guest, fd, 100)).toBe('')
  })
})

/** Writes through a network that is closed at once; gives how many were taken. */
const taken = async (writes: number, write: (done: () => void) => void, stuckMs: number): Promise<number> => {
  let count = 0
  const duplex = new Duplex({
    highWaterMark: MIB,
    read() {},
    write: (_chunk, _encoding, done) =>
      write(() => {
        count += 1
        done()
      }),
  })
  const network = new NodeNetwork(new Resolver(undefined), [])
  const end = NodeStreamEnd.of(duplex)
  network.track(end)
  for (let left = writes; left > 0; left -= 1) expect(end.write(Buffer.alloc(1000))).toBe(1000)
  await network.close(stuckMs)
  expect(duplex.destroyed).toBe(true)
  return count
}

describe('what is left to send when a guest has ended', () => {
  test('goes out, however slowly, as long as something goes', async () => {
    expect(await taken(20, (done) => setTimeout(done, 25), 250)).toBe(20)
  })

  test('is given up when nothing has gone for so long', async () => {
    expect(await taken(20, () => {}, 50)).toBe(0)
  })
})
