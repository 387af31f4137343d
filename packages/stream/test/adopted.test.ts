/**
 * The way of AF_UNIX on Windows: Winsock's calls, a watched listener, adopted connections. The code asks for no family,
 * so it is proved over AF_INET on every system, and over AF_UNIX where that is.
 */
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { expectNoLeak, socketPath } from '@uds/testkit'
import {
  capabilities,
  InetAddress,
  removeSocketFile,
  sockets,
  UnixAddress,
  type SocketAddress,
} from '@uds/winsock-ffi'
import { applies, complianceCases } from '../src/compliance/index.ts'
import { ConnectionListener } from '../src/index.ts'
import type { Transport } from '../src/index.ts'
import { connectSocket } from '../src/native-socket/connect-socket.ts'
import { listenSocket } from '../src/native-socket/listen-socket.ts'

interface Family {
  read(text: string): SocketAddress
  fresh(): string
  release(address: SocketAddress): void
  readonly credentials: boolean
}

const inet: Family = {
  read: (text) => {
    const [, host = '', port = ''] = /^tcp:(.*):(\d+)$/.exec(text) ?? []
    return new InetAddress(host, Number(port))
  },
  fresh: () => 'tcp:127.0.0.1:0',
  release: () => {},
  credentials: false,
}

const unix: Family = {
  read: (text) => UnixAddress.path(text.slice('unix:'.length)),
  fresh: () => `unix:${socketPath()}`,
  release: (address) => removeSocketFile((address as UnixAddress).pathname!),
  credentials: capabilities().credentials,
}

const adopted = (family: Family): Transport<Socket> => ({
  name: 'adopted',
  capabilities: {
    listen: true,
    netSocket: true,
    halfClose: true,
    credentials: family.credentials,
    exclusive: true,
    refuses: true,
  },
  connect: async (address, options = {}) => await connectSocket(family.read(address as string), options),
  listen: async (address, options = {}) => {
    options.signal?.throwIfAborted()
    const listener = new ConnectionListener<Socket>(options)
    const wanted = family.read(address as string)
    const handle = sockets.open(wanted.family)
    try {
      sockets.bind(handle, wanted)
    } catch (error) {
      handle.close()
      throw error
    }
    const bound = sockets.localAddress(handle)
    return listenSocket(
      { handle, address: () => bound.toString(), release: () => family.release(bound) },
      options,
      listener,
    )
  },
})

const { adoption, afUnix } = capabilities()

for (const [name, family, missing] of [
  ['AF_INET', inet, !adoption],
  ['AF_UNIX', unix, !(adoption && afUnix)],
] as const) {
  const transport = adopted(family)
  const harness = {
    transport,
    address: () => family.fresh(),
    ...(family === inet && { deadAddress: () => 'tcp:127.0.0.1:1' }),
  }
  describe.skipIf(missing)(`adopted sockets of ${name}`, () => {
    for (const each of complianceCases.filter((one) => applies(one, transport))) {
      test(`${each.id} ${each.name}`, async () => {
        await expect(each.run(harness)).resolves.toBeUndefined()
      })
    }

    test('connecting and closing leaves no handle', async () => {
      const listener = await transport.listen(family.fresh())
      listener.on('connection', (connection) => connection.resume().end())
      await expectNoLeak(async () => {
        const client = await transport.connect(listener.address)
        client.resume()
        await new Promise((resolve) => {
          client.end().once('close', resolve)
        })
      })
      await listener.close()
    })
  })
}
