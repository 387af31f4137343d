/** A connection is a net.Socket with all that it has: what programs do to one works. */
import { once } from 'node:events'
import http from 'node:http'
import { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import tls from 'node:tls'
import { callbackify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { socketPath } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { connect, listen, unix, type ConnectOptions, type Listener, type ListenOptions } from '@uds/stream'
import { connectAdopted, listenAdopted } from '../bench/adopted.ts'
import { closing, lineOf } from './support.ts'

interface Way {
  listen(options?: ListenOptions): Promise<Listener>
  connect(address: string, options?: ConnectOptions): Promise<Socket>
}

const byUnix: Way = {
  listen: (options) => listen(`unix:${socketPath()}`, options),
  connect: (address, options) => connect(address as `unix:${string}`, options),
}

/** As AF_UNIX on Windows works, over the family that every system has. */
const byAdoption: Way = {
  listen: (options) => listenAdopted('tcp:127.0.0.1:0', options),
  connect: connectAdopted,
}

const psk = Buffer.alloc(32, 'k')
// A key that both sides know takes no certificate (RFC 4279).
const ciphers = 'PSK-AES128-GCM-SHA256'

describe.each([
  ['AF_UNIX', byUnix, unix.capabilities.listen],
  ['an adopted socket', byAdoption, capabilities().adoption],
])('a connection over %s', (_name, way, possible) => {
  const served = async (serve: (connection: Socket) => void, options?: ListenOptions): Promise<Listener> => {
    const server = closing(await way.listen(options))
    server.on('connection', (connection) => serve(connection as Socket))
    return server
  }

  test.skipIf(!possible)('is an instance of net.Socket at both ends, and open', async () => {
    const accepted = Promise.withResolvers<Socket>()
    const server = await served(accepted.resolve)
    const client = await way.connect(server.address)
    for (const end of [client, await accepted.promise]) {
      expect(end).toBeInstanceOf(Socket)
      expect(end.readyState).toBe('open')
      expect(end.pending).toBe(false)
    }
    client.destroy()
  })

  test.skipIf(!possible)('cork joins small writes, which arrive in order', async () => {
    const server = await served((connection) => connection.pipe(connection), { allowHalfOpen: true })
    const client = await way.connect(server.address, { allowHalfOpen: true })
    client.cork()
    for (let number = 0; number < 100; number += 1) client.write(`${number} `)
    expect(client.writableCorked).toBe(1)
    client.uncork()
    client.end()
    expect(await lineOf(client)).toBe(Array.from({ length: 100 }, (_, number) => `${number} `).join(''))
  })

  test.skipIf(!possible)('setTimeout tells of silence, and closes nothing', async () => {
    const server = await served((connection) => connection.resume())
    const client = await way.connect(server.address)
    client.setTimeout(20)
    await once(client, 'timeout')
    expect(client.destroyed).toBe(false)
    client.destroy()
  })

  test.skipIf(!possible)('ref and unref are those of the loop', async () => {
    const server = await served((connection) => connection.resume())
    const client = await way.connect(server.address)
    const { _handle: handle } = client as unknown as { _handle: { hasRef(): boolean } }
    expect(handle.hasRef()).toBe(true)
    expect(client.unref()).toBe(client)
    expect(handle.hasRef()).toBe(false)
    client.ref()
    expect(handle.hasRef()).toBe(true)
    client.destroy()
  })

  test.skipIf(!possible)('onread reads into one buffer', async () => {
    const server = await served((connection) => connection.end('into one buffer'))
    const buffer = Buffer.alloc(4)
    let got = ''
    const client = await way.connect(server.address, {
      onread: {
        buffer,
        callback: (length, into) => {
          expect(into.buffer).toBe(buffer.buffer)
          got += Buffer.from(into.buffer, into.byteOffset, length)
          return true
        },
      },
    })
    await once(client, 'close')
    expect(got).toBe('into one buffer')
  })

  test.skipIf(!possible)('after its end a late reply arrives', async () => {
    const server = await served(
      async (connection) => {
        const question = await lineOf(connection)
        // Longer than the 50 ms after which libuv closes a byte pipe.
        setTimeout(() => connection.end(`${question}, answered late`), 200)
      },
      { allowHalfOpen: true },
    )
    const client = await way.connect(server.address, { allowHalfOpen: true })
    client.end('asked')
    expect(await lineOf(client)).toBe('asked, answered late')
  })

  test.skipIf(!possible)('pipeline carries it, and ends both ends', async () => {
    const server = await served((connection) => void pipeline(connection, connection), {
      allowHalfOpen: true,
    })
    const client = await way.connect(server.address, { allowHalfOpen: true })
    const sent = Buffer.alloc(1_000_000, 'p')
    client.end(sent)
    expect((await lineOf(client)).length).toBe(sent.length)
    await expect.poll(() => server.connections).toBe(0)
  })

  test.skipIf(!possible)('tls.connect({ socket }) puts TLS on it', async () => {
    const secure = tls.createServer({ ciphers, maxVersion: 'TLSv1.2', pskCallback: () => psk }, (peer) => {
      peer.end('secret')
    })
    const server = await served((connection) => secure.emit('connection', connection))
    const client = tls.connect({
      socket: await way.connect(server.address),
      ciphers,
      maxVersion: 'TLSv1.2',
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk, identity: 'client' }),
    })
    expect(await text(client)).toBe('secret')
    client.destroy()
  })

  test.skipIf(!possible)('an ordinary http.Agent keeps it alive between requests', async () => {
    const web = http.createServer((request, response) => response.end(`you asked for ${request.url}`))
    let connections = 0
    const server = await served(
      (connection) => {
        connections += 1
        web.emit('connection', connection)
      },
      { allowHalfOpen: true },
    )
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const dial = callbackify(() => way.connect(server.address))
    agent.createConnection = (_options, callback) => {
      dial((error, socket) => callback?.(error, socket))
      return undefined
    }
    for (const path of ['/one', '/two']) {
      const request = http.get({ agent, path, host: 'socket' })
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      expect(await text(response)).toBe(`you asked for ${path}`)
    }
    expect(connections).toBe(1)
    agent.destroy()
  })
})
