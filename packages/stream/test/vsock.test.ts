/** The transport vsock, and its connections over families that every machine has. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { codeOf, expectNoLeak, socketPath } from '@uds/testkit'
import {
  capabilities,
  InetAddress,
  removeSocketFile,
  sockets,
  UnixAddress,
  type SocketAddress,
} from '@uds/winsock-ffi'
import { applies, complianceCases } from '../src/compliance/index.ts'
import { connect, ConnectionListener, listen, SocketConnection, vsock, type Transport } from '../src/index.ts'
import { openConnected } from '../src/native-socket/connect-socket.ts'
import { openServer } from '../src/native-socket/listen-socket.ts'
import { closing } from './support.ts'

/** The connections of vsock as a transport of other families: nothing in them asks for the family. */
const over = (read: (text: string) => SocketAddress): Transport<SocketConnection> => ({
  name: 'by readiness',
  capabilities: { ...vsock.capabilities, listen: true },
  connect: async (address, options = {}) => {
    const handle = await openConnected(read(address as string), options)
    return new SocketConnection(handle, {
      address: address as string,
      allowHalfOpen: options.allowHalfOpen ?? false,
    })
  },
  listen: async (address, options = {}) => {
    options.signal?.throwIfAborted()
    const listener = new ConnectionListener<SocketConnection>(options)
    const wanted = read(address as string)
    const handle = sockets.open(wanted.family)
    try {
      sockets.bind(handle, wanted)
    } catch (error) {
      handle.close()
      throw error
    }
    const bound = sockets.localAddress(handle)
    const server = openServer(
      handle,
      options,
      listener,
      (client, { allowHalfOpen }) => new SocketConnection(client, { address: String(bound), allowHalfOpen }),
    )
    return listener.begin({
      ...server,
      address: () => String(bound),
      stop: async () => {
        if (bound instanceof UnixAddress) removeSocketFile(bound.pathname!)
        await server.drain()
        server.close()
      },
    })
  },
})

const readInet = (text: string): SocketAddress => {
  const [, host = '', port = ''] = /^tcp:(.*):(\d+)$/.exec(text) ?? []
  return new InetAddress(host, Number(port))
}

const kinds = [
  ['AF_INET', over(readInet), () => 'tcp:127.0.0.1:0', { deadAddress: () => 'tcp:127.0.0.1:1' }, false],
  [
    'AF_UNIX',
    over((text) => UnixAddress.path(text.slice('unix:'.length))),
    () => `unix:${socketPath()}`,
    {},
    !capabilities().afUnix,
  ],
] as const

for (const [name, transport, address, more, missing] of kinds) {
  describe.skipIf(missing)(`connections by readiness over ${name}`, () => {
    for (const each of complianceCases.filter((one) => applies(one, transport))) {
      test(`${each.id} ${each.name}`, async () => {
        await expect(each.run({ transport, address, ...more })).resolves.toBeUndefined()
      })
    }

    test('connecting and closing leaves no handle', async () => {
      const listener = await transport.listen(address())
      listener.on('connection', (connection) => connection.resume().end())
      await expectNoLeak(async () => {
        const client = await transport.connect(listener.address)
        client.resume()
        await new Promise((resolve) => client.end().once('close', resolve))
      })
      await listener.close()
    })
  })
}

test('what is no vsock address is refused before any call', async () => {
  for (const address of ['vsock:2', 'vsock:2:', 'vsock:host:1', 'vsock:2:4294967296', 'vsock:-1:1'])
    expect(await codeOf(connect(address))).toMatch(/^ERR_(INVALID_ARG_VALUE|OUT_OF_RANGE)$/)
  expect(await codeOf(listen({ scheme: 'vsock', cid: 1.5, port: 1 }))).toBe('ERR_OUT_OF_RANGE')
  expect(await codeOf(connect('vsock:2:1024', { allowHalfopen: true } as object))).toBe(
    'ERR_INVALID_ARG_VALUE',
  )
})

/** Whether this kernel has sockets of vsock: many containers have none. */
const hasVsock = ((): boolean => {
  try {
    sockets.open('vsock').close()
    return true
  } catch {
    return false
  }
})()

test.skipIf(capabilities().system === 'linux')('elsewhere vsock is ENOTSUP', async () => {
  expect(await codeOf(connect('vsock:2:1024'))).toBe('ENOTSUP')
  expect(await codeOf(listen('vsock:any:any'))).toBe('ENOTSUP')
})

describe.skipIf(!hasVsock)('vsock', () => {
  test('listens at a port of the system, and not twice at the same; authorize is refused', async () => {
    const listener = closing(await listen('vsock:any:any'))
    const [, cid, port] = /^vsock:(\d+|any):(\d+)$/.exec(listener.address)!
    expect(Number(port)).toBeGreaterThan(0)
    expect(await codeOf(listen(`vsock:any:${port}`))).toBe('EADDRINUSE')
    expect(await codeOf(listen('vsock:any:any', { authorize: 'sameUser' }))).toBe('ENOTSUP')
    expect(await codeOf(listen('vsock:any:any', { mode: 0o600 }))).toBe('ERR_INVALID_ARG_VALUE')
    expect(cid).not.toBe('4294967295')
    await listener.close()
    await closing(await listen(`vsock:any:${port}`)).close()
  })

  test('a socket that was passed is refused by fd:N in words', async () => {
    const handle = sockets.open('vsock')
    onTestFinished(() => handle.close())
    await expect(listen(`fd:${handle.fd}`)).rejects.toMatchObject({
      code: 'ENOTSUP',
      message: expect.stringContaining('a vsock socket'),
    })
  })

  test('echoes over loopback where the kernel has it, and says what is missing where not', async () => {
    const listener = closing(await listen('vsock:any:any'))
    listener.on('connection', (connection) => connection.pipe(connection))
    const port = listener.address.split(':')[2]!
    try {
      const connection = await connect(`vsock:1:${port}`, { timeoutMs: 5000 })
      onTestFinished(() => void connection.destroy())
      connection.end('over vsock')
      expect((await connection.toArray()).join('')).toBe('over vsock')
    } catch (error) {
      // No vsock_loopback in this kernel: nothing of the connection was tried.
      expect(error).toMatchObject({ code: expect.stringMatching(/^(ETIMEDOUT|ENODEV|ECONNREFUSED)$/) })
    }
  })
})
