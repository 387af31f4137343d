/** Raw handles that are none, or of the wrong kind: refused in words, and left to the caller. */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { InetAddress, libc, posixConstants, SOCK_DGRAM, sockets, type SocketHandle } from '@uds/winsock-ffi'
import { errorOf, tempDir } from '@uds/testkit'
import {
  UnixDatagram,
  UnixListener,
  UnixStream,
  WinListener,
  WinStream,
  type PartialTransfer,
} from '../src/index.ts'
import {
  FILE_FLAG_OVERLAPPED,
  GENERIC_READ,
  GENERIC_WRITE,
  OPEN_EXISTING,
  PIPE_ACCESS_DUPLEX,
} from '../src/named-pipe/win32/constants.ts'
import { kernel32 } from '../src/libraries/win32.ts'
import { bytes, duration, expectCode, pattern } from './expect.ts'
import { unix, win } from './kinds.ts'

const expectRefused = (call: () => unknown, code: string, message: string): void => {
  const error = errorOf(call)
  expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)])
}

const everyWay = [
  (handle: number) => UnixStream.fromRawHandle(handle),
  (handle: number) => UnixListener.fromRawHandle(handle),
  (handle: number) => UnixDatagram.fromRawHandle(handle),
  (handle: number) => WinStream.fromRawHandle(handle),
]

test.each([-1, Number.NaN, 1.5, Infinity, 2 ** 31, 2 ** 40])('%d is no handle', (handle) => {
  for (const take of everyWay) {
    expectRefused(() => take(handle), 'ERR_OUT_OF_RANGE', 'fromRawHandle: the handle must be an integer from')
    expect(errorOf(() => take(handle))).toBeInstanceOf(RangeError)
  }
})

test.each([undefined, null, '3', 3n, {}])('%o is no handle', (handle) => {
  for (const take of everyWay) {
    expectRefused(
      () => take(handle as never),
      'ERR_INVALID_ARG_TYPE',
      'fromRawHandle: the handle must be an integer',
    )
  }
})

/** The call fails with ETIMEDOUT, and not before its time. */
const expectWait = (ms: number, call: () => unknown): void =>
  expect(duration(() => expectCode('ETIMEDOUT', call))).toBeGreaterThanOrEqual(ms - 1)

/** SO_RCVTIMEO or SO_SNDTIMEO of POSIX, in microseconds. */
const timeoutOf = (fd: number, name: number): bigint => {
  const timeval = new BigInt64Array(2)
  libc.getsockopt(fd, posixConstants.SOL_SOCKET, name, timeval, Uint32Array.of(16))
  return timeval[0]! * 1_000_000n + timeval[1]!
}

/** A refused socket is still the caller's. */
const withSocket = (socket: SocketHandle, use: (fd: number) => void): void => {
  try {
    use(socket.fd)
  } finally {
    socket.close()
  }
}

// linux/socket.h
const AF_NETLINK = 16

test.skipIf(process.platform !== 'linux')('a socket of another family is refused', () => {
  const fd = libc.socket(AF_NETLINK, SOCK_DGRAM, 0)
  expectRefused(
    () => UnixDatagram.fromRawHandle(fd),
    'ERR_INVALID_ARG_VALUE',
    'fromRawHandle: the handle must be an AF_UNIX datagram socket, and is a socket of another family',
  )
  closeSync(fd)
})

/** A refused handle is still the caller's: closing it works. */
const withHandle = (handle: number, use: (handle: number) => void): void => {
  expect(handle).toBeGreaterThan(0)
  try {
    use(handle)
  } finally {
    expect(kernel32.CloseHandle.attempt(handle)).toBe(1)
  }
}

/** Opens as a stranger would. */
const open = (name: string, flags: number): number =>
  kernel32.CreateFileW.attempt(name, GENERIC_READ + GENERIC_WRITE, 3, null, OPEN_EXISTING, flags, 0)

const adopt = (handle: number) => (): WinStream => WinStream.fromRawHandle(handle)

describe.skipIf(!unix.here)('sockets', () => {
  test('a number that is not open is EBADF', () => {
    for (const take of everyWay.slice(0, 3)) {
      expectRefused(() => take(1_000_000), win.here ? 'ENOTSOCK' : 'EBADF', 'the handle 1000000 is ')
    }
  })

  test.skipIf(win.here)('a file is ENOTSOCK, and stays open', () => {
    const fd = openSync(join(tempDir(), 'file'), 'w')
    for (const take of everyWay.slice(0, 3)) {
      expectRefused(
        () => take(fd),
        'ENOTSOCK',
        `the handle ${fd} is no socket, but a file, a pipe or a device`,
      )
    }
    closeSync(fd)
  })

  test('a socket of another family is named', () => {
    const listener = sockets.open('inet')
    sockets.bind(listener, new InetAddress('127.0.0.1', 0))
    withSocket(listener, (fd) => {
      expectRefused(
        () => UnixStream.fromRawHandle(fd),
        'ERR_INVALID_ARG_VALUE',
        'the handle must be an AF_UNIX stream socket, and is a socket of tcp:127.0.0.1',
      )
    })
  })

  test('a datagram socket is no stream, and a stream no datagram socket', () => {
    withSocket(sockets.open('inet', 'datagram'), (fd) => {
      expectRefused(
        () => UnixStream.fromRawHandle(fd),
        'ERR_INVALID_ARG_VALUE',
        'must be an AF_UNIX stream socket, and is a datagram socket',
      )
    })
    withSocket(sockets.open('unix'), (fd) => {
      expectRefused(
        () => UnixDatagram.fromRawHandle(fd),
        'ERR_INVALID_ARG_VALUE',
        'must be an AF_UNIX datagram socket, and is a stream socket',
      )
    })
  })

  test('a listener is no stream, and a stream no listener', () => {
    const path = unix.fresh()
    const listener = UnixListener.bind(path)
    expectRefused(
      () => UnixStream.fromRawHandle(listener.rawHandle),
      'ERR_INVALID_ARG_VALUE',
      'must be an AF_UNIX stream socket, and listens: take it with UnixListener',
    )
    const client = UnixStream.connect(path)
    expectRefused(
      () => UnixListener.fromRawHandle(client.rawHandle),
      'ERR_INVALID_ARG_VALUE',
      'must be a listening AF_UNIX stream socket, and does not listen: call listen(2) first',
    )
    // Both still work.
    const server = listener.accept()
    client.writeAll(bytes('x'))
    expect(server.readExact(1).toString()).toBe('x')
    for (const each of [client, server, listener]) each.close()
  })

  test('a socket that somebody else makes non-blocking waits as it is told here, at once or later', () => {
    const [a, b] = sockets.pair()
    const other = sockets.fromFd(a.fd, 'unix')
    const stream = UnixStream.fromRawHandle(a.release())
    stream.setReadTimeout(40)
    expectWait(40, () => stream.read(Buffer.alloc(1)))
    sockets.setNonblocking(other, true)
    expectWait(40, () => stream.read(Buffer.alloc(1)))
    expectWait(40, () => stream.read(Buffer.alloc(1)))
    sockets.send(b, bytes('x'))
    expect(stream.read(Buffer.alloc(2))).toBe(1)

    const data = pattern(2 ** 21)
    const again = UnixStream.fromRawHandle(stream.intoRawHandle())
    again.setWriteTimeout(40)
    let sent = 0
    expectWait(40, () => {
      try {
        again.write(data)
      } catch (error) {
        sent = (error as PartialTransfer).bytesTransferred
        throw error
      }
    })
    other.release()
    again.close()
    const peer = UnixStream.fromRawHandle(b.release())
    expect(peer.readToEnd().equals(data.subarray(0, sent))).toBe(true)
    peer.close()
  })

  test.skipIf(win.here)('a socket that is given away has no timeout of ours', () => {
    const [a, b] = UnixStream.pair()
    a.setReadTimeout(5)
    a.setWriteTimeout(5)
    expectCode('ETIMEDOUT', () => a.read(Buffer.alloc(1)))
    a.write(bytes('x'))
    expect(timeoutOf(a.rawHandle, posixConstants.SO_RCVTIMEO)).toBeGreaterThan(0n)
    const fd = a.intoRawHandle()
    expect(timeoutOf(fd, posixConstants.SO_RCVTIMEO)).toBe(0n)
    expect(timeoutOf(fd, posixConstants.SO_SNDTIMEO)).toBe(0n)
    for (const each of [UnixStream.fromRawHandle(fd), b]) each.close()
  })

  test('a stream whose peer has closed can still be taken, and read to its end', () => {
    const [a, b] = UnixStream.pair()
    b.writeAll(bytes('last'))
    b.close()
    const again = UnixStream.fromRawHandle(a.intoRawHandle())
    expect(again.readToEnd().toString()).toBe('last')
    again.close()
  })
})

describe.skipIf(!win.here)('pipes', () => {
  test('a number that is not open is EBADF', () => {
    expectRefused(adopt(0x7fff_fff0), 'EBADF', 'the handle 2147483632 is not open in this process')
  })

  test('a file, a device and a socket are named', () => {
    const file = join(tempDir(), 'file')
    closeSync(openSync(file, 'w'))
    withHandle(open(file, 0), (handle) => expectRefused(adopt(handle), 'ERR_INVALID_ARG_VALUE', 'is a file'))
    withHandle(open(devNull, 0), (handle) =>
      expectRefused(adopt(handle), 'ERR_INVALID_ARG_VALUE', 'is a console or a device'),
    )
    const socket = sockets.open('inet')
    expectRefused(adopt(socket.fd), 'ERR_INVALID_ARG_VALUE', 'is a socket, or something else that is no pipe')
    socket.close()
  })

  test('a pipe without FILE_FLAG_OVERLAPPED is refused: its calls could have no timeout', () => {
    const name = win.fresh()
    const listener = WinListener.bind(name)
    withHandle(open(name, 0), (handle) =>
      expectRefused(adopt(handle), 'ERR_INVALID_ARG_VALUE', 'was opened without FILE_FLAG_OVERLAPPED'),
    )
    withHandle(open(name, FILE_FLAG_OVERLAPPED), (handle) => {
      const stream = WinStream.fromRawHandle(handle)
      expectCode('ETIMEDOUT', () => stream.read(Buffer.alloc(1), { timeoutMs: 0 }))
      expect(stream.intoRawHandle()).toBe(handle)
    })
    listener.close()
  })

  test("a server's end without a client is refused", () => {
    const name = win.fresh()
    const instance = kernel32.CreateNamedPipeW(
      name,
      PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
      0,
      1,
      512,
      512,
      0,
      null,
    )
    withHandle(instance, (handle) => expectRefused(adopt(handle), 'ERR_INVALID_ARG_VALUE', 'has no client'))
  })

  test('a listener gives no handle away, and shows one that is its own, whatever it has accepted', () => {
    const name = win.fresh()
    const listener = WinListener.bind(name, { backlog: 2 })
    const client = WinStream.connect(name)
    const server = listener.accept()
    server.close()
    client.close()
    expectRefused(adopt(listener.rawHandle), 'ERR_INVALID_ARG_VALUE', 'has no client')
    expectRefused(() => listener.intoRawHandle(), 'ENOTSUP', 'a handle for every client')
    const again = WinStream.connect(name)
    for (const each of [listener.accept(), again, listener]) each.close()
    expectCode('EBADF', () => listener.rawHandle)
  })

  test('a pipe of messages is known as one', () => {
    const name = win.fresh()
    const listener = WinListener.bind(name, { messageMode: true })
    const client = WinStream.connect(name)
    const server = listener.accept()
    const again = [client, server].map((stream) => WinStream.fromRawHandle(stream.intoRawHandle()))
    expect(again.map((stream) => stream.messageMode)).toEqual([true, true])
    expect(again.map((stream) => stream.peerCredentials().pid)).toEqual([process.pid, process.pid])
    const [a, b] = WinStream.pair()
    const bytesOnly = WinStream.fromRawHandle(a.intoRawHandle())
    expect(bytesOnly.messageMode).toBe(false)
    for (const each of [...again, bytesOnly, b, listener]) each.close()
  })
})
