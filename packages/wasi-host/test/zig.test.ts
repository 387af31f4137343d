import { describe, expect, test } from 'vitest'
import { drive, echo, OUT, serve, waits, zigImports, type Driven } from './driver.ts'
import { refusedPort } from './refused-port.ts'

/** Linux' numbers, which the original gives. */
const EBADF = 9
const EACCES = 13
const EINVAL = 22
const EPROTOTYPE = 91
const EAFNOSUPPORT = 97
const ENOTCONN = 107
const ECONNREFUSED = 111

const OUTSIDE = 0xffff_fff0 | 0
const ADDRESS = 64
const BUFFER = 1024

const connected = async (guest: Driven, port: number): Promise<number> => {
  expect(await guest.call('sock_open', 2, 1, OUT)).toBe(0)
  const fd = await guest.u32(OUT)
  await guest.address(ADDRESS, port)
  expect(await guest.call('sock_connect', fd, ADDRESS)).toBe(0)
  return fd
}

describe.each(waits)('the calls of zig-wasm-cpython under %s', (wait) => {
  const start = (allow: string[], resolve = {}): Promise<Driven> =>
    drive({ imports: zigImports, host: { wait, sockets: { allow, resolve } } })

  test('a socket opens as 1000, connects, sends, receives, and tells the end of the stream as 0 bytes', async () => {
    const server = await serve((socket) => {
      socket.on('data', (data) => socket.end(`echo:${data.toString()}`))
    })
    const guest = await start([`connect:127.0.0.1:${server.port}`])
    const fd = await connected(guest, server.port)
    expect(fd).toBe(1000)
    await guest.put(BUFFER, 'hello')
    expect(await guest.call('sock_send', fd, BUFFER, 5, OUT)).toBe(0)
    expect(await guest.u32(OUT)).toBe(5)
    expect(await guest.call('sock_recv', fd, BUFFER, 100, OUT)).toBe(0)
    expect(await guest.text(BUFFER, await guest.u32(OUT))).toBe('echo:hello')
    expect(await guest.call('sock_recv', fd, BUFFER, 100, OUT)).toBe(0)
    expect(await guest.u32(OUT)).toBe(0)
    expect(await guest.call('sock_close', fd)).toBe(0)
    expect(await guest.call('sock_close', fd)).toBe(0)
  })

  test('sock_resolve gives 19-byte entries, and no more than there is room for', async () => {
    const guest = await start(['resolve:*'], { two: ['::1', '127.0.0.1'] })
    const length = await guest.put(BUFFER, 'two')
    expect(await guest.call('sock_resolve', BUFFER, length, 0x1234, 2048, 10, OUT)).toBe(0)
    expect(await guest.u32(OUT)).toBe(2)
    const entries = Buffer.from(await guest.guest.read(2048, 38))
    expect([...entries.subarray(0, 19)]).toEqual([10, 0x12, 0x34, ...Array.from({ length: 15 }, () => 0), 1])
    expect([...entries.subarray(19, 26)]).toEqual([2, 0x12, 0x34, 127, 0, 0, 1])
    expect(await guest.call('sock_resolve', BUFFER, length, 80, 2048, 1, OUT)).toBe(0)
    expect(await guest.u32(OUT)).toBe(1)
    await guest.put(BUFFER, 'none')
    const empty = await start(['resolve:none'], () => [])
      .then((each) => each)
      .catch(() => undefined)
    // A function needs the host's thread: `blocking` refuses it.
    expect(empty === undefined).toBe(wait === 'blocking')
    if (!empty) return
    await empty.put(BUFFER, 'none')
    expect(await empty.call('sock_resolve', BUFFER, 4, 80, 2048, 1, OUT)).toBe(EINVAL)
  })

  test('every failure has the number that the original gives', async () => {
    const closed = refusedPort()
    const server = await echo()
    const guest = await start([`connect:127.0.0.1:${closed}`, `connect:127.0.0.1:${server.port}`])
    expect(await guest.call('sock_open', 1, 1, OUT)).toBe(EAFNOSUPPORT)
    expect(await guest.call('sock_open', 2, 3, OUT)).toBe(EPROTOTYPE)
    expect(await guest.call('sock_open', 2, 1, OUTSIDE)).toBe(EINVAL)
    for (const call of ['sock_send', 'sock_recv']) {
      expect(await guest.call(call, 7, BUFFER, 4, OUT)).toBe(EBADF)
    }
    expect(await guest.call('sock_connect', 7, ADDRESS)).toBe(EBADF)
    expect(await guest.call('sock_close', 7)).toBe(0)
    expect(await guest.call('sock_open', 2, 1, OUT)).toBe(0)
    const fd = await guest.u32(OUT)
    expect(await guest.call('sock_send', fd, BUFFER, 4, OUT)).toBe(ENOTCONN)
    expect(await guest.call('sock_recv', fd, BUFFER, 4, OUT)).toBe(ENOTCONN)
    await guest.address(ADDRESS, closed)
    expect(await guest.call('sock_connect', fd, ADDRESS)).toBe(ECONNREFUSED)
    expect(await guest.call('sock_connect', fd, OUTSIDE)).toBe(EINVAL)
    await guest.address(ADDRESS, 1)
    expect(await guest.call('sock_connect', fd, ADDRESS)).toBe(EACCES)
    await guest.address(ADDRESS, server.port)
    expect(await guest.call('sock_connect', fd, ADDRESS)).toBe(0)
    expect(await guest.call('sock_connect', fd, ADDRESS)).toBe(EINVAL)
    expect(await guest.call('sock_send', fd, OUTSIDE, 64, OUT)).toBe(EINVAL)
    expect(await guest.call('sock_recv', fd, OUTSIDE, 64, OUT)).toBe(EINVAL)
    expect(await guest.call('sock_recv', fd, BUFFER, 64, OUTSIDE)).toBe(EINVAL)
    expect(await guest.call('sock_resolve', OUTSIDE, 64, 80, BUFFER, 1, OUT)).toBe(EINVAL)
    await guest.put(BUFFER, 'example.com')
    expect(await guest.call('sock_resolve', BUFFER, 11, 80, 2048, 1, OUT)).toBe(EACCES)
  })

  test('errno: "wasi" gives the numbers of wasi-libc', async () => {
    const guest = await drive({ imports: zigImports, host: { wait, errno: 'wasi' } })
    expect(await guest.call('sock_recv', 7, BUFFER, 4, OUT)).toBe(8)
  })
})

test('a guest that imports uds_socket as well knows one set of numbers: those of WASI', async () => {
  const { udsImports } = await import('./driver.ts')
  const guest = await drive({ imports: [...zigImports, ...udsImports] })
  expect(await guest.call('sock_recv', 7, BUFFER, 4, OUT)).toBe(8)
  expect(await guest.call('sock_open', 2, 1, OUT)).toBe(0)
  expect(await guest.u32(OUT)).toBe(3)
})
