import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { tempDir } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SocketsOptions } from '../src/index.ts'
import { drive, OUT, preview1Imports, serve, waits, type Driven } from './driver.ts'

const SUCCESS = 0
const EAGAIN = 6
const EBADF = 8
const EFAULT = 21
const EINVAL = 28
const ENOTCONN = 53
const ENOTDIR = 54
const ENOTSOCK = 57
const EPIPE = 64
const ESPIPE = 70

const OUTSIDE = 0xffff_fff0 | 0
const IOV = 64
const BUFFER = 1024
const FLAGS = 16
const NONBLOCK = 4

const dial = async (port: number): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

describe.each(waits)('preview 1 under %s', (wait) => {
  /** A guest with one listener, at descriptor 3, and its port. */
  const listening = async (sockets: SocketsOptions = {}, preopens = {}): Promise<[Driven, number]> => {
    let port = 0
    const guest = await drive({
      imports: preview1Imports,
      host: {
        wait,
        preopens,
        sockets: {
          listen: ['tcp:127.0.0.1:0'],
          onListening: ([address]) => {
            port = Number(address!.split(':').at(-1))
          },
          ...sockets,
        },
      },
    })
    return [guest, port]
  }

  const accepted = async (): Promise<[Driven, number, Socket]> => {
    const [guest, port] = await listening()
    const [code, client] = await Promise.all([guest.call('sock_accept', 3, 0, OUT), dial(port)])
    expect(code).toBe(SUCCESS)
    return [guest, await guest.u32(OUT), client]
  }

  test('a preopened listener accepts; the connection has the lowest free number, and works with fd_* and sock_*', async () => {
    const [guest, fd, client] = await accepted()
    expect(fd).toBe(4)
    client.write('one two')
    await guest.words(IOV, BUFFER, 3, BUFFER + 3, 64)
    expect(await guest.call('fd_read', fd, IOV, 1, OUT)).toBe(SUCCESS)
    expect(await guest.text(BUFFER, await guest.u32(OUT))).toBe('one')
    expect(await guest.call('sock_recv', fd, IOV, 2, 1, OUT, FLAGS)).toBe(SUCCESS)
    const peeked = await guest.u32(OUT)
    expect(peeked).toBeGreaterThan(0)
    expect(await guest.call('sock_recv', fd, IOV + 8, 1, 0, OUT, FLAGS)).toBe(SUCCESS)
    expect(await guest.text(BUFFER + 3, await guest.u32(OUT))).toBe(' two')
    const got = new Promise<string>((resolve) => client.once('data', (data) => resolve(data.toString())))
    await guest.put(BUFFER, 'answer')
    await guest.words(IOV, BUFFER, 2, BUFFER + 2, 4)
    expect(await guest.call('fd_write', fd, IOV, 2, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(6)
    expect(await got).toBe('answer')
    const ended = new Promise((resolve) => client.once('end', resolve))
    expect(await guest.call('sock_shutdown', fd, 2)).toBe(SUCCESS)
    await ended
    expect(await guest.call('sock_send', fd, IOV, 1, 0, OUT)).toBe(EPIPE)
    client.end()
    expect(await guest.call('fd_read', fd, IOV, 1, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(0)
    expect(await guest.call('fd_close', fd)).toBe(SUCCESS)
    expect(await guest.call('fd_close', fd)).toBe(EBADF)
  })

  test('a non-blocking socket would block, and poll_oneoff tells when it is ready and when the time is up', async () => {
    const [guest, fd, client] = await accepted()
    expect(await guest.call('fd_fdstat_set_flags', fd, NONBLOCK)).toBe(SUCCESS)
    expect(await guest.call('fd_fdstat_get', fd, BUFFER)).toBe(SUCCESS)
    expect([...(await guest.guest.read(BUFFER, 4))]).toEqual([6, 0, NONBLOCK, 0])
    await guest.words(IOV, BUFFER, 64)
    expect(await guest.call('fd_read', fd, IOV, 1, OUT)).toBe(EAGAIN)
    // Two subscriptions: reading the socket (userdata 7), and 20 ms of the monotonic clock (userdata 9).
    const subscriptions = Buffer.alloc(96)
    subscriptions.writeBigUInt64LE(7n, 0)
    subscriptions.writeUInt8(1, 8)
    subscriptions.writeUInt32LE(fd, 16)
    subscriptions.writeBigUInt64LE(9n, 48)
    subscriptions.writeUInt8(0, 56)
    subscriptions.writeUInt32LE(1, 64)
    subscriptions.writeBigUInt64LE(20_000_000n, 72)
    await guest.put(4096, subscriptions)
    expect(await guest.call('poll_oneoff', 4096, 8192, 2, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(1)
    expect((await guest.guest.read(8192, 11)).at(0)).toBe(9)
    subscriptions.writeBigUInt64LE(10_000_000_000n, 72)
    await guest.put(4096, subscriptions)
    client.write('x')
    expect(await guest.call('poll_oneoff', 4096, 8192, 2, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(1)
    expect((await guest.guest.read(8192, 11)).at(0)).toBe(7)
    expect(await guest.call('fd_read', fd, IOV, 1, OUT)).toBe(SUCCESS)
    expect(await guest.call('poll_oneoff', 4096, 8192, 0, OUT)).toBe(EINVAL)
    expect(await guest.call('poll_oneoff', OUTSIDE, 8192, 1, OUT)).toBe(EFAULT)
  })

  test('descriptors are of one map: files beside sockets, renumbering, and each refuses what only the other can', async () => {
    const directory = tempDir()
    writeFileSync(join(directory, 'a.txt'), 'from a file')
    const [guest] = await listening({}, { '/data': directory })
    // Listeners first, as sd_listen_fds(3) has it; wasi-libc passes over them while it looks for directories.
    expect(await guest.call('fd_prestat_get', 3, BUFFER)).toBe(SUCCESS)
    expect(await guest.u32(BUFFER)).toBe(1)
    expect(await guest.call('fd_prestat_get', 4, BUFFER)).toBe(SUCCESS)
    expect(await guest.u32(BUFFER)).toBe(0)
    expect(await guest.call('fd_prestat_dir_name', 4, BUFFER, 5)).toBe(SUCCESS)
    expect(await guest.text(BUFFER, 5)).toBe('/data')
    // What is announced has a name, also where that is empty: wasi-vfs ends a guest at a failure here.
    expect(await guest.call('fd_prestat_dir_name', 3, BUFFER, 0)).toBe(SUCCESS)
    expect(await guest.call('fd_prestat_get', 5, BUFFER)).toBe(EBADF)
    const length = await guest.put(BUFFER, 'a.txt')
    expect(await guest.call('path_open', 4, 0, BUFFER, length, 0, 2n, 0n, 0, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(5)
    expect(await guest.call('path_open', 3, 0, BUFFER, length, 0, 2n, 0n, 0, OUT)).toBe(ENOTDIR)
    expect(await guest.call('fd_seek', 3, 0n, 0, BUFFER)).toBe(ESPIPE)
    expect(await guest.call('sock_shutdown', 5, 2)).toBe(ENOTSOCK)
    expect(await guest.call('fd_renumber', 5, 3)).toBe(SUCCESS)
    await guest.words(IOV, BUFFER, 64)
    expect(await guest.call('fd_read', 3, IOV, 1, OUT)).toBe(SUCCESS)
    expect(await guest.text(BUFFER, await guest.u32(OUT))).toBe('from a file')
    expect(await guest.call('fd_read', 5, IOV, 1, OUT)).toBe(EBADF)
  })

  test('wrong descriptors, pointers, flags and states have an errno each', async () => {
    const [guest, fd] = await accepted()
    await guest.words(IOV, OUTSIDE >>> 0, 64)
    expect(await guest.call('fd_read', fd, IOV, 1, OUT)).toBe(EFAULT)
    expect(await guest.call('fd_write', fd, OUTSIDE, 1, OUT)).toBe(EFAULT)
    expect(await guest.call('fd_write', fd, IOV, 0x7fff_ffff, OUT)).toBe(EFAULT)
    await guest.words(IOV, BUFFER, 64)
    expect(await guest.call('fd_read', fd, IOV, 1, OUTSIDE)).toBe(EFAULT)
    expect(await guest.call('sock_recv', 99, IOV, 1, 0, OUT, FLAGS)).toBe(EBADF)
    expect(await guest.call('sock_recv', fd, IOV, 1, 64, OUT, FLAGS)).toBe(EINVAL)
    expect(await guest.call('sock_send', fd, IOV, 1, 1, OUT)).toBe(EINVAL)
    expect(await guest.call('sock_recv', 3, IOV, 1, 0, OUT, FLAGS)).toBe(ENOTCONN)
    expect(await guest.call('sock_accept', fd, 0, OUT)).toBe(EINVAL)
    expect(await guest.call('sock_accept', 3, 1, OUT)).toBe(EINVAL)
    expect(await guest.call('sock_shutdown', fd, 0)).toBe(EINVAL)
    expect(await guest.call('fd_fdstat_set_flags', fd, 1)).toBe(EINVAL)
    expect(await guest.call('fd_filestat_get', fd, OUTSIDE)).toBe(EFAULT)
    expect(await guest.call('fd_filestat_get', fd, BUFFER)).toBe(SUCCESS)
    expect((await guest.guest.read(BUFFER + 16, 1))[0]).toBe(6)
  })

  test('a peer that resets is told once as an error or the end, and then as the end', async () => {
    const [guest, fd, client] = await accepted()
    client.resetAndDestroy()
    await guest.words(IOV, BUFFER, 64)
    const first = await guest.call('fd_read', fd, IOV, 1, OUT)
    expect([SUCCESS, 15]).toContain(first)
    expect(await guest.call('fd_read', fd, IOV, 1, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(0)
  })

  test('a connection that is handed over is descriptor 3', async () => {
    const server = await serve()
    const guest = await drive({
      imports: preview1Imports,
      host: { wait, sockets: { connected: [`tcp:127.0.0.1:${server.port}`] } },
    })
    const peer = await server.next()
    peer.write('given')
    await guest.words(IOV, BUFFER, 64)
    expect(await guest.call('fd_read', 3, IOV, 1, OUT)).toBe(SUCCESS)
    expect(await guest.text(BUFFER, await guest.u32(OUT))).toBe('given')
  })

  test('poll_oneoff counts the bytes that a socket holds', async () => {
    const [guest, fd, client] = await accepted()
    client.write('12345')
    await guest.put(BUFFER, new Uint8Array(48))
    await guest.put(BUFFER + 8, [1])
    await guest.words(BUFFER + 16, fd)
    expect(await guest.call('poll_oneoff', BUFFER, BUFFER + 64, 1, OUT)).toBe(SUCCESS)
    expect(await guest.u32(BUFFER + 64 + 16)).toBe(5)
  })

  test('a shutdown after both ends have ended succeeds', async () => {
    const [guest, fd, client] = await accepted()
    const closed = once(client, 'close')
    client.end('x')
    client.resume()
    await guest.words(IOV, BUFFER, 8)
    for (let bytes = 1; bytes > 0; bytes = await guest.u32(OUT))
      expect(await guest.call('fd_read', fd, IOV, 1, OUT)).toBe(SUCCESS)
    expect(await guest.call('sock_shutdown', fd, 2)).toBe(SUCCESS)
    await closed
    expect(await guest.call('sock_shutdown', fd, 3)).toBe(SUCCESS)
    expect(await guest.call('sock_shutdown', fd, 3)).toBe(SUCCESS)
  })

  test('700 clients that come while the guest accepts nothing are served in their turn', async () => {
    const [guest, port] = await listening({ quotas: { sockets: 1000 } })
    const clients = 700
    const answers = Array.from({ length: clients }, async () => {
      const client = await dial(port)
      const [text] = (await once(client, 'data')) as [Buffer]
      return text.toString()
    })
    await guest.put(BUFFER, 'hi')
    await guest.words(IOV, BUFFER, 2)
    for (let left = clients; left > 0; left -= 1) {
      expect(await guest.call('sock_accept', 3, 0, OUT)).toBe(SUCCESS)
      const fd = await guest.u32(OUT)
      expect(await guest.call('fd_write', fd, IOV, 1, OUT)).toBe(SUCCESS)
      expect(await guest.call('fd_close', fd)).toBe(SUCCESS)
    }
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['hi']))
  }, 60_000)
})
