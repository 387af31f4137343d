/** The Winsock calls themselves, where there is a Winsock. */
import { errorOf } from '@uds/testkit'
import { onTestFinished, describe, expect, test } from 'vitest'
import {
  AF_INET,
  AF_UNIX,
  capabilities,
  ensureWsaStarted,
  FD_ACCEPT,
  FD_READ,
  FIONBIO,
  FIONREAD,
  InetAddress,
  SOCK_STREAM,
  SocketError,
  sockets,
  SOL_SOCKET,
  SO_TYPE,
  winsock,
  WSA_FLAG_NO_HANDLE_INHERIT,
  WSA_FLAG_OVERLAPPED,
  WSA_WAIT_EVENT_0,
  WSA_WAIT_TIMEOUT,
} from '@uds/winsock-ffi'
import { connected, listening, owned, sendAll } from './connected.ts'

const fresh = (): ReturnType<typeof sockets.open> => owned(sockets.open('inet'))

describe.skipIf(process.platform !== 'win32')('Winsock', () => {
  test('starts, fails by name, and keeps the last error of the thread', () => {
    ensureWsaStarted()
    const error = errorOf(() => winsock.recv(0x7ffe, Buffer.alloc(1), 1, 0))
    expect(error).toBeInstanceOf(SocketError)
    expect(error).toMatchObject({ code: 'ENOTSOCK', nativeCode: 10_038, syscall: 'recv' })
    expect(winsock.WSAGetLastError()).toBe(10_038)
    expect(winsock.recv.attempt(0x7ffe, Buffer.alloc(1), 1, 0)).toBe(-10_038)
  })

  test('opens a socket that says what it is', () => {
    ensureWsaStarted()
    const flags = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT
    const socket = winsock.WSASocketW(AF_INET, SOCK_STREAM, 0, null, 0, flags)
    onTestFinished(() => void winsock.closesocket(socket))
    const value = Buffer.alloc(4)
    winsock.getsockopt(socket, SOL_SOCKET, SO_TYPE, value, Int32Array.of(4))
    expect(value.readInt32LE()).toBe(SOCK_STREAM)
    winsock.ioctlsocket(socket, FIONBIO, Uint32Array.of(1))
    expect(errorOf(() => winsock.recv(socket, Buffer.alloc(1), 1, 0)).code).toMatch(/ENOTCONN|EAGAIN/)
    const plain = winsock.socket(AF_INET, SOCK_STREAM, 0)
    expect(winsock.closesocket(plain)).toBe(0)
  })

  test('signals an event for what WSAEventSelect was asked for', () => {
    const listener = listening('inet')
    const event = winsock.WSACreateEvent()
    onTestFinished(() => void winsock.WSACloseEvent(event))
    winsock.WSAEventSelect(listener.fd, event, FD_ACCEPT)
    const wait = (ms: number): number =>
      winsock.WSAWaitForMultipleEvents(1, BigInt64Array.of(BigInt(event)), 0, ms, 0)
    expect(wait(0)).toBe(WSA_WAIT_TIMEOUT)
    const client = owned(sockets.open('inet'))
    sockets.connect(client, sockets.localAddress(listener))
    expect(wait(5000)).toBe(WSA_WAIT_EVENT_0)
    const happened = new Int32Array(11)
    winsock.WSAEnumNetworkEvents(listener.fd, event, happened)
    expect(happened[0]).toBe(FD_ACCEPT)
    expect(wait(0)).toBe(WSA_WAIT_TIMEOUT)
    winsock.WSASetEvent(event)
    expect(wait(0)).toBe(WSA_WAIT_EVENT_0)
    winsock.WSAResetEvent(event)
    expect(wait(0)).toBe(WSA_WAIT_TIMEOUT)
    // The accepted socket is free of its listener's events.
    const server = owned(sockets.accept(listener, { timeoutMs: 5000 }))
    winsock.WSAEventSelect(server.fd, event, FD_READ)
    sendAll(client, Buffer.from('x'))
    expect(wait(5000)).toBe(WSA_WAIT_EVENT_0)
  })

  test('polls, and counts the bytes that are there', () => {
    const [client, server] = connected('inet')
    sendAll(client, Buffer.from('four'))
    const pollfd = new DataView(new ArrayBuffer(16))
    pollfd.setBigUint64(0, BigInt(server.fd), true)
    pollfd.setInt16(8, 0x100, true)
    expect(winsock.WSAPoll(pollfd, 1, 5000)).toBe(1)
    expect(pollfd.getInt16(10, true) & 0x100).toBe(0x100)
    const count = new Uint32Array(1)
    winsock.ioctlsocket(server.fd, FIONREAD, count)
    expect(count[0]).toBe(4)
  })

  test('says the names of its errors through the neutral calls', () => {
    const taken = sockets.localAddress(listening('inet')) as InetAddress
    const closed = listening('inet')
    const nobody = sockets.localAddress(closed)
    closed.close()
    const [client] = connected('inet')
    sockets.setNonblocking(client, true)
    expect(errorOf(() => sockets.bind(fresh(), taken))).toMatchObject({
      code: 'EADDRINUSE',
      nativeCode: 10_048,
    })
    expect(errorOf(() => sockets.connect(fresh(), nobody))).toMatchObject({
      code: 'ECONNREFUSED',
      nativeCode: 10_061,
    })
    expect(errorOf(() => sockets.peerAddress(fresh()))).toMatchObject({
      code: 'ENOTCONN',
      nativeCode: 10_057,
    })
    expect(errorOf(() => sockets.recv(client, Buffer.alloc(1)))).toMatchObject({
      code: 'EAGAIN',
      nativeCode: 10_035,
    })
    expect(errorOf(() => sockets.connect(client, taken))).toMatchObject({
      code: 'EISCONN',
      nativeCode: 10_056,
    })
    expect(errorOf(() => sockets.bind(fresh(), new InetAddress('192.0.2.1', 0)))).toMatchObject({
      code: 'EADDRNOTAVAIL',
      nativeCode: 10_049,
    })
  })

  test.skipIf(capabilities().afUnix)('says 10047 for AF_UNIX where Windows has none', () => {
    ensureWsaStarted()
    const error = errorOf(() => winsock.WSASocketW(AF_UNIX, SOCK_STREAM, 0, null, 0, WSA_FLAG_OVERLAPPED))
    expect(error).toMatchObject({ code: 'EAFNOSUPPORT', nativeCode: 10_047 })
  })
})
