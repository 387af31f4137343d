/** A misspelt option of a call is refused by its name, before any system call. */
import { expect, test } from 'vitest'
import { adopt, InetAddress, sockets, watch, type SocketHandle } from '@uds/winsock-ffi'

const bytes = Buffer.alloc(1)
const wrong = (option: object): never => option as never
const at = new InetAddress('127.0.0.1', 1)

test.each<[string, (socket: SocketHandle) => unknown, string]>([
  ['bind', (socket) => sockets.bind(socket, at, wrong({ reuseAdress: true })), 'reuseAddress'],
  ['connect', (socket) => sockets.connect(socket, at, wrong({ timeoutMS: 1 })), 'timeoutMs'],
  ['accept', (socket) => sockets.accept(socket, wrong({ timeout: 1 })), 'timeoutMs'],
  ['send', (socket) => sockets.send(socket, bytes, wrong({ timeoutms: 1 })), 'timeoutMs'],
  ['recv', (socket) => sockets.recv(socket, bytes, wrong({ peak: true })), 'peek'],
  ['sendmsg', (socket) => sockets.sendMessage(socket, { data: bytes }, wrong({ timeOutMs: 1 })), 'timeoutMs'],
  [
    'sendmsg',
    (socket) => sockets.sendMessage(socket, wrong({ data: bytes, descriptor: [0] })),
    'descriptors',
  ],
  [
    'recvmsg',
    (socket) => sockets.receiveMessage(socket, bytes, wrong({ maxDescriptor: 1 })),
    'maxDescriptors',
  ],
  [
    'recvmsg',
    (socket) => sockets.tryReceiveMessage(socket, bytes, wrong({ credential: true })),
    'credentials',
  ],
  ['poll', (socket) => sockets.poll([{ socket, readable: true }], wrong({ timeoutMS: 0 })), 'timeoutMs'],
  [
    'watch',
    (socket) => watch(socket, { readable: true }, () => {}, wrong({ strategie: 'worker' })),
    'strategy',
  ],
  ['watch', (socket) => watch(socket, wrong({ readible: true, writable: true }), () => {}), 'readable'],
  ['adopt', (socket) => adopt(socket, wrong({ allowHalfopen: true })), 'allowHalfOpen'],
])('%s: %#', (where, call, meant) => {
  using socket = sockets.open('inet', 'stream')
  expect(() => call(socket)).toThrow(
    expect.objectContaining({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringMatching(new RegExp(`^${where}: .*does not exist .*did you mean ${meant}\\?$`)),
    }),
  )
})
