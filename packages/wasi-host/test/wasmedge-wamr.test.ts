import { socketPath } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { describe, expect, test } from 'vitest'
import { preview1 } from './builder/module.ts'
import { drive, echo, OUT, waits, type Driven } from './driver.ts'

const SUCCESS = 0
const EACCES = 2
const EAFNOSUPPORT = 5
const EBADF = 8
const EFAULT = 21
const EINVAL = 28
const ENOMEM = 48
const ENOPROTOOPT = 50
const ENOTCONN = 53
const EPROTOTYPE = 67

const OUTSIDE = 0xffff_fff0 | 0
const ADDRESS = 64
const BYTES = 128
const IOV = 512
const BUFFER = 1024
const PORT = 16
const FLAGS = 24

/** Describes `length` bytes at BYTES as an address_t. */
const describeAddress = (guest: Driven, length: number): Promise<void> => guest.words(ADDRESS, BYTES, length)

describe.each(waits)('WasmEdge under %s', (wait) => {
  const imports = [
    ...preview1(
      'sock_open:iii',
      'sock_bind:iii',
      'sock_listen:ii',
      'sock_connect:iii',
      'sock_accept:iii',
      'sock_recv:iiiiii',
      'sock_send:iiiii',
      'sock_recv_from:iiiiiiii',
      'sock_send_to:iiiiiii',
      'sock_getsockopt:iiiii',
      'sock_setsockopt:iiiii',
      'sock_getlocaladdr:iii',
      'sock_getpeeraddr:iii',
      'sock_getaddrinfo:iiiiiiii',
      'sock_shutdown:ii',
    ),
    // Version 1 beside version 2, in one module: the number of parameters tells them apart.
    { module: 'wasi_snapshot_preview1', name: 'sock_accept', parameters: 'ii', as: 'accept_v1' },
    { module: 'wasi_snapshot_preview1', name: 'sock_getlocaladdr', parameters: 'iiii', as: 'local_v1' },
    { module: 'wasi_snapshot_preview1', name: 'sock_recv_from', parameters: 'iiiiiii', as: 'recv_from_v1' },
  ]
  const start = (allow: string[] = [], resolve = {}): Promise<Driven> =>
    drive({ imports, host: { wait, sockets: { allow, resolve } } })

  test('a server and a client in one guest, with both versions of the calls', async () => {
    const guest = await start(['bind:127.0.0.1:0', 'connect:127.0.0.1:*'])
    await guest.put(BYTES, [127, 0, 0, 1])
    await describeAddress(guest, 4)
    expect(await guest.call('sock_open', 1, 2, OUT)).toBe(SUCCESS)
    const listener = await guest.u32(OUT)
    expect(await guest.call('sock_bind', listener, ADDRESS, 0)).toBe(SUCCESS)
    expect(await guest.call('sock_listen', listener, 4)).toBe(SUCCESS)
    expect(await guest.call('local_v1', listener, ADDRESS, 40, PORT)).toBe(SUCCESS)
    expect(await guest.u32(40)).toBe(4)
    const port = await guest.u32(PORT)
    for (const accept of ['sock_accept', 'accept_v1']) {
      expect(await guest.call('sock_open', 1, 2, OUT)).toBe(SUCCESS)
      const client = await guest.u32(OUT)
      expect(await guest.call('sock_connect', client, ADDRESS, port)).toBe(SUCCESS)
      const more = accept === 'sock_accept' ? [0] : []
      expect(await guest.call(accept, listener, ...more, OUT)).toBe(SUCCESS)
      const accepted = await guest.u32(OUT)
      await guest.put(BUFFER, accept)
      await guest.words(IOV, BUFFER, accept.length)
      expect(await guest.call('sock_send', client, IOV, 1, 0, OUT)).toBe(SUCCESS)
      await guest.words(IOV, BUFFER + 100, 64)
      expect(await guest.call('sock_recv', accepted, IOV, 1, 0, OUT, FLAGS)).toBe(SUCCESS)
      expect(await guest.text(BUFFER + 100, await guest.u32(OUT))).toBe(accept)
      await describeAddress(guest, 128)
      expect(await guest.call('sock_getpeeraddr', client, ADDRESS, PORT)).toBe(SUCCESS)
      expect(await guest.u32(PORT)).toBe(port)
      expect([...(await guest.guest.read(BYTES, 6))]).toEqual([1, 0, 127, 0, 0, 1])
      await guest.put(BYTES, [127, 0, 0, 1])
      await describeAddress(guest, 4)
    }
  })

  test.skipIf(!capabilities().afUnix)('AF_UNIX in the 128 bytes of version 2', async () => {
    const path = socketPath()
    const guest = await start([`bind:unix:${path}`, `connect:unix:${path}`])
    const address = Buffer.alloc(128)
    address.writeUInt16LE(3, 0)
    address.write(path, 2)
    await guest.put(BYTES, address)
    await describeAddress(guest, 128)
    await guest.call('sock_open', 3, 2, OUT)
    const listener = await guest.u32(OUT)
    expect(await guest.call('sock_bind', listener, ADDRESS, 0)).toBe(SUCCESS)
    expect(await guest.call('sock_listen', listener, 4)).toBe(SUCCESS)
    await guest.call('sock_open', 3, 2, OUT)
    expect(await guest.call('sock_connect', await guest.u32(OUT), ADDRESS, 0)).toBe(SUCCESS)
    expect(await guest.call('sock_accept', listener, 0, OUT)).toBe(SUCCESS)
  })

  test('datagrams, with the address of the sender', async () => {
    const guest = await start(['bind:udp:127.0.0.1:0', 'connect:udp:127.0.0.1:*'])
    await guest.put(BYTES, [127, 0, 0, 1])
    await describeAddress(guest, 4)
    await guest.call('sock_open', 1, 1, OUT)
    const bound = await guest.u32(OUT)
    expect(await guest.call('sock_bind', bound, ADDRESS, 0)).toBe(SUCCESS)
    expect(await guest.call('sock_getlocaladdr', bound, ADDRESS, PORT)).toBe(SUCCESS)
    const port = await guest.u32(PORT)
    await guest.call('sock_open', 1, 1, OUT)
    const sender = await guest.u32(OUT)
    await guest.put(BUFFER, 'datagram')
    await guest.words(IOV, BUFFER, 8)
    expect(await guest.call('sock_send_to', sender, IOV, 1, ADDRESS, port, 0, OUT)).toBe(SUCCESS)
    await guest.words(IOV, BUFFER + 64, 4)
    expect(await guest.call('sock_recv_from', bound, IOV, 1, ADDRESS, 0, PORT, OUT, FLAGS)).toBe(SUCCESS)
    expect(await guest.text(BUFFER + 64, await guest.u32(OUT))).toBe('data')
    expect(await guest.u16(FLAGS)).toBe(1)
    expect(await guest.u32(PORT)).not.toBe(port)
    expect(await guest.call('recv_from_v1', 99, IOV, 1, ADDRESS, 0, OUT, FLAGS)).toBe(EBADF)
  })

  test('sock_getaddrinfo fills the list that the guest has linked', async () => {
    const guest = await start(['resolve:two'], { two: ['::1', '127.0.0.1'] })
    const [first, second, sockaddr1, sockaddr2, data1, data2] = [2048, 2080, 2112, 2128, 2200, 2240]
    await guest.words(first, 0, 0, 0, sockaddr1, 0, 0, second)
    await guest.words(second, 0, 0, 0, sockaddr2, 0, 0, 0)
    await guest.words(sockaddr1, 0, 0, data1)
    await guest.words(sockaddr2, 0, 0, data2)
    await guest.words(32, first)
    await guest.put(BUFFER, 'two')
    await guest.put(BUFFER + 8, '443')
    await guest.put(BUFFER + 16, [0, 0, 0, 2])
    const ask = (result: number): Promise<number> =>
      guest.call('sock_getaddrinfo', BUFFER, 3, BUFFER + 8, 3, BUFFER + 16, result, 2, OUT)
    expect(await ask(32)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(2)
    expect([...(await guest.guest.read(data1, 2))]).toEqual([1, 0xbb])
    expect([...(await guest.guest.read(data2, 6))]).toEqual([1, 0xbb, 127, 0, 0, 1])
    expect((await guest.guest.read(sockaddr2, 1))[0]).toBe(1)
    expect(await ask(OUTSIDE)).toBe(EFAULT)
  })

  test('options by its own numbers and sizes; wrong ones have an errno each', async () => {
    const guest = await start()
    await guest.call('sock_open', 1, 2, OUT)
    const fd = await guest.u32(OUT)
    await guest.words(PORT, 4)
    expect(await guest.call('sock_getsockopt', fd, 0, 1, BUFFER, PORT)).toBe(SUCCESS)
    expect(await guest.u32(BUFFER)).toBe(2)
    // A timeout of 1.5 s, as timeval.
    await guest.words(BUFFER, 1, 0, 500_000, 0)
    expect(await guest.call('sock_setsockopt', fd, 0, 11, BUFFER, 16)).toBe(SUCCESS)
    await guest.words(PORT, 16)
    expect(await guest.call('sock_getsockopt', fd, 0, 11, BUFFER + 32, PORT)).toBe(SUCCESS)
    expect([await guest.u32(BUFFER + 32), await guest.u32(BUFFER + 40)]).toEqual([1, 500_000])
    expect(await guest.call('sock_setsockopt', fd, 0, 11, BUFFER, 4)).toBe(EINVAL)
    expect(await guest.call('sock_setsockopt', fd, 0, 14, BUFFER, 4)).toBe(ENOPROTOOPT)
    expect(await guest.call('sock_open', 9, 2, OUT)).toBe(EAFNOSUPPORT)
    expect(await guest.call('sock_open', 1, 0, OUT)).toBe(EPROTOTYPE)
    await describeAddress(guest, 5)
    expect(await guest.call('sock_connect', fd, ADDRESS, 80)).toBe(EINVAL)
    await describeAddress(guest, 4)
    expect(await guest.call('sock_connect', fd, ADDRESS, 80)).toBe(EACCES)
    expect(await guest.call('sock_connect', fd, ADDRESS, 70_000)).toBe(EINVAL)
    await describeAddress(guest, 2)
    expect(await guest.call('sock_getlocaladdr', fd, ADDRESS, PORT)).toBe(ENOMEM)
    expect(await guest.call('sock_getpeeraddr', fd, ADDRESS, PORT)).toBe(ENOTCONN)
    expect(await guest.call('sock_shutdown', fd, 2)).toBe(ENOTCONN)
  })
})

describe.each(waits)('WAMR under %s', (wait) => {
  const imports = preview1(
    'sock_open:iiii',
    'sock_connect:ii',
    'sock_bind:ii',
    'sock_listen:ii',
    'sock_close:i',
    'sock_recv:iiiiii',
    'sock_send:iiiii',
    'sock_addr_resolve:iiiiii',
    'sock_addr_local:ii',
    'sock_addr_remote:ii',
    'sock_set_recv_timeout:iI',
    'sock_get_recv_timeout:ii',
    'sock_set_tcp_no_delay:ii',
    'sock_get_tcp_no_delay:ii',
  )

  test('a client resolves, connects, and knows both addresses', async () => {
    const server = await echo()
    const guest = await drive({
      imports,
      host: { wait, sockets: { allow: [`connect:peer:${server.port}`], resolve: { peer: ['127.0.0.1'] } } },
    })
    expect(await guest.call('sock_open', -1, 0, 1, OUT)).toBe(SUCCESS)
    const fd = await guest.u32(OUT)
    await guest.put(BUFFER, 'peer\0')
    await guest.put(BUFFER + 16, `${server.port}\0`)
    expect(await guest.call('sock_addr_resolve', BUFFER, BUFFER + 16, 0, ADDRESS, 4, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(1)
    expect(await guest.u16(ADDRESS + 8)).toBe(server.port)
    expect(await guest.call('sock_connect', fd, ADDRESS)).toBe(SUCCESS)
    await guest.put(BUFFER, 'wamr')
    await guest.words(IOV, BUFFER, 4)
    expect(await guest.call('sock_send', fd, IOV, 1, 0, OUT)).toBe(SUCCESS)
    await guest.words(IOV, BUFFER + 64, 64)
    expect(await guest.call('sock_recv', fd, IOV, 1, 0, OUT, FLAGS)).toBe(SUCCESS)
    expect(await guest.text(BUFFER + 64, await guest.u32(OUT))).toBe('wamr')
    expect(await guest.call('sock_addr_remote', fd, 256)).toBe(SUCCESS)
    expect([...(await guest.guest.read(256, 8))]).toEqual([0, 0, 0, 0, 127, 0, 0, 1])
    expect(await guest.u16(264)).toBe(server.port)
    expect(await guest.call('sock_set_recv_timeout', fd, 20_000n)).toBe(SUCCESS)
    expect(await guest.call('sock_recv', fd, IOV, 1, 0, OUT, FLAGS)).toBe(73)
    expect(await guest.call('sock_set_tcp_no_delay', fd, 1)).toBe(SUCCESS)
    expect(await guest.call('sock_get_tcp_no_delay', fd, BUFFER)).toBe(SUCCESS)
    expect((await guest.guest.read(BUFFER, 1))[0]).toBe(1)
    expect(await guest.call('sock_close', fd)).toBe(SUCCESS)
    expect(await guest.call('sock_close', fd)).toBe(EBADF)
  })

  test('wrong families, kinds and pointers have an errno each', async () => {
    const guest = await drive({ imports, host: { wait } })
    expect(await guest.call('sock_open', -1, 7, 1, OUT)).toBe(EAFNOSUPPORT)
    expect(await guest.call('sock_open', -1, 0, 7, OUT)).toBe(EPROTOTYPE)
    expect(await guest.call('sock_open', -1, 0, 1, OUTSIDE)).toBe(EINVAL)
    expect(await guest.call('sock_open', -1, 0, 1, OUT)).toBe(SUCCESS)
    const fd = await guest.u32(OUT)
    await guest.words(ADDRESS, 5)
    expect(await guest.call('sock_connect', fd, ADDRESS)).toBe(EAFNOSUPPORT)
    await guest.words(ADDRESS, 0, 0x0100_007f, 80)
    expect(await guest.call('sock_bind', fd, ADDRESS)).toBe(EACCES)
    expect(await guest.call('sock_listen', 99, 1)).toBe(EBADF)
    expect(await guest.call('sock_addr_remote', fd, BUFFER)).toBe(ENOTCONN)
    expect(await guest.call('sock_addr_local', fd, OUTSIDE)).toBe(EINVAL)
  })
})
