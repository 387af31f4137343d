/** Transports made of transports: each is proved by the same cases, and by what it adds. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { freshName, socketPath } from '@uds/testkit'
import {
  connect,
  listen,
  memory,
  tcp,
  unix,
  withLimits,
  withRoute,
  withTls,
  withTrace,
  type TraceEvent,
  type Transport,
} from '@uds/stream'
import { applies, complianceCases } from '../src/compliance/index.ts'
import { closing, lineOf } from './support.ts'

// A key that both sides know takes no certificate (RFC 4279).
const key = Buffer.from('0123456789abcdef')
const psk = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const
const tls = {
  client: {
    ...psk,
    pskCallback: () => ({ psk: key, identity: 'test' }),
    checkServerIdentity: () => undefined,
  },
  server: { ...psk, pskCallback: () => key },
}

const nothing = (): void => {}
const made: readonly (readonly [Transport, () => string])[] = [
  [withTrace(memory, nothing), () => `memory:${freshName()}`],
  [withTrace(tcp, nothing), () => 'tcp:127.0.0.1:0'],
  [
    withLimits(memory, { maxConnections: 100, idleMs: 60_000, maxReceivedBytes: 2 ** 40 }),
    () => `memory:${freshName()}`,
  ],
  [withRoute(tcp, { 'memory:': memory }), () => `memory:${freshName()}`],
  [withTls(memory, tls), () => `memory:${freshName()}`],
  [withTls(tcp, tls), () => 'tcp:127.0.0.1:0'],
]

for (const [transport, address] of made) {
  describe(`${transport.name} keeps the promises of a transport`, () => {
    const deadAddress = address().startsWith('tcp:') ? { deadAddress: () => 'tcp:127.0.0.1:1' } : {}
    for (const each of complianceCases.filter((one) => applies(one, transport))) {
      test(`${each.id} ${each.name}`, async () => {
        await expect(each.run({ transport, address, ...deadAddress })).resolves.toBeUndefined()
      })
    }
  })
}

describe('withTrace', () => {
  test('tells what happens at both ends, with the bytes', async () => {
    const events: TraceEvent[] = []
    const traced = withTrace(withTls(memory, tls), (event) =>
      events.push({ ...event, bytes: event.bytes && Buffer.from(event.bytes) }),
    )
    const server = await traced.listen('memory:traced')
    server.on('connection', (connection) => connection.end('answer'))
    const client = await traced.connect('memory:traced')
    client.write('question')
    expect(await lineOf(client)).toBe('answer')
    client.destroy()
    await server.close()
    const brief = events.map(({ event, bytes }) => (bytes ? `${event} ${String(bytes)}` : event))
    expect(brief).toEqual(
      expect.arrayContaining([
        'listen',
        'connect',
        'accept',
        'sent answer',
        'received answer',
        'sent question',
        'close',
      ]),
    )
  })

  test('leaves a net.Socket what it is', async () => {
    const server = closing(await listen('tcp:127.0.0.1:0'))
    const plain = await connect(server.address)
    const traced = await withTrace(tcp, nothing).connect(server.address)
    expect(Object.getPrototypeOf(traced)).toBe(Object.getPrototypeOf(plain))
    plain.destroy()
    traced.destroy()
  })
})

/** What a limited listener says of a client that sends five bytes and then nothing. */
const offence = async (limits: Parameters<typeof withLimits>[1]): Promise<unknown> => {
  const server = closing(await listen('memory:limited', { transport: withLimits(memory, limits) }))
  server.on('connection', (connection) => connection.resume())
  const told = once(server, 'connectionError')
  const client = await memory.connect('memory:limited')
  client.resume().write('12345')
  const [error] = await told
  return error
}

describe('withLimits', () => {
  test('more bytes than allowed end the connection', async () => {
    expect(await offence({ maxReceivedBytes: 4 })).toMatchObject({ syscall: 'limit', code: 'EMSGSIZE' })
  })

  test('silence for too long ends the connection', async () => {
    expect(await offence({ idleMs: 20 })).toMatchObject({ syscall: 'limit', code: 'ETIMEDOUT' })
  })

  test('a life that is too long ends the connection', async () => {
    expect(await offence({ lifetimeMs: 20 })).toMatchObject({ syscall: 'limit', code: 'ETIMEDOUT' })
  })

  test('connecting beyond the limit is EMFILE, until another has closed', async () => {
    closing(await listen('memory:few'))
    const few = withLimits(memory, { maxConnections: 1 })
    const first = await few.connect('memory:few')
    await expect(few.connect('memory:few')).rejects.toMatchObject({ code: 'EMFILE' })
    first.destroy()
    await once(first, 'close')
    ;(await few.connect('memory:few')).destroy()
  })

  test('wrong limits are refused', () => {
    expect(() => withLimits(memory, { idleMs: -1 })).toThrow(RangeError)
    expect(() => withLimits(memory, { maxConnections: 'two' as unknown as number })).toThrow(TypeError)
  })
})

describe('withRoute', () => {
  test('an address leads elsewhere, by its text, by its scheme, by a function', async () => {
    const server = closing(await listen('memory:real'))
    server.on('connection', (connection) => connection.end('real'))
    const byText = withRoute(tcp, { 'tcp:db:5432': 'memory:real' })
    const byScheme = withRoute(tcp, { 'db:': { transport: memory, address: 'memory:real' } })
    const byFunction = withRoute(tcp, (address) =>
      address.startsWith('tcp:db') ? { scheme: 'memory', name: 'real' } : undefined,
    )
    expect(await lineOf(await byText.connect('tcp:db:5432'))).toBe('real')
    expect(await lineOf(await byScheme.connect('db:anything'))).toBe('real')
    expect(await lineOf(await byFunction.connect('tcp:db:1'))).toBe('real')
    await expect(byText.connect('memory:other')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })
})

/** A certificate that signs itself, good for a hundred years, and its key. */
const identity = (name: string): { readonly key: string; readonly cert: string } => {
  const read = (what: string): string =>
    readFileSync(new URL(`./fixtures/${name}-${what}.pem`, import.meta.url), 'utf8')
  return { key: read('key'), cert: read('cert') }
}

describe('withTls', () => {
  describe('with requestCert', () => {
    const ours = identity('localhost')
    const server = { ...ours, ca: ours.cert, requestCert: true }
    const client = { ca: ours.cert, servername: 'localhost' }
    const known = { client: { ...client, ...ours } }
    const refused = {
      'a client without a certificate': client,
      'a client whose certificate nobody vouches for': { ...client, ...identity('stranger') },
    }

    test('a client that is vouched for is served, and authorized', async () => {
      const listener = closing(await withTls(tcp, { server }).listen('tcp:127.0.0.1:0'))
      listener.on('connection', (connection) => connection.end(`authorized: ${connection.authorized}`))
      expect(await lineOf(await withTls(tcp, known).connect(listener.address))).toBe('authorized: true')
    })

    test.each(Object.entries(refused))(
      '%s is refused, told, and never a connection',
      async (_who, options) => {
        const listener = closing(await withTls(tcp, { server }).listen('tcp:127.0.0.1:0'))
        listener.on('connection', (connection) =>
          connection.end(`${connection.getPeerCertificate().subject?.CN}`),
        )
        const told = once(listener, 'connectionError')
        // A client of TLS 1.3 has finished its handshake before the server looks at its certificate.
        const connecting = withTls(tcp, { client: options }).connect(listener.address)
        const [error] = await told
        expect(error).toMatchObject({ code: expect.stringMatching(/CERT|SIGN|VERIFY/) })
        expect(await connecting.then(lineOf, () => '')).toBe('')
        expect(await lineOf(await withTls(tcp, known).connect(listener.address))).toBe('localhost')
      },
    )

    test.each(Object.entries(refused))(
      'rejectUnauthorized: false lets in %s, and says so',
      async (_who, options) => {
        const lenient = withTls(tcp, { server: { ...server, rejectUnauthorized: false } })
        const listener = closing(await lenient.listen('tcp:127.0.0.1:0'))
        listener.on('connection', (connection) => connection.end(`authorized: ${connection.authorized}`))
        const connection = await withTls(tcp, { client: options }).connect(listener.address)
        expect(await lineOf(connection)).toBe('authorized: false')
      },
    )
  })

  test.each([true, false])(
    'a peer that ends in the handshake is ECONNRESET at once (allowHalfOpen: %s)',
    async (allowHalfOpen) => {
      const rude = closing(await tcp.listen('tcp:127.0.0.1:0', { allowHalfOpen: true }))
      rude.on('connection', (connection) => connection.end())
      const secure = withTls(tcp, { handshakeTimeoutMs: 60_000 })
      await expect(secure.connect(rude.address, { allowHalfOpen })).rejects.toMatchObject({
        code: 'ECONNRESET',
      })
    },
  )

  test('a peer that does not speak TLS is connectionError, and others are served', async () => {
    const secure = withTls(memory, tls)
    const server = closing(await secure.listen('memory:tls'))
    server.on('connection', (connection) => connection.end('secret'))
    const told = once(server, 'connectionError')
    const rude = await memory.connect('memory:tls')
    rude.resume().write('GET / HTTP/1.0\r\n\r\n')
    await told
    expect(await lineOf(await secure.connect('memory:tls'))).toBe('secret')
  })

  test('a handshake that never ends is ETIMEDOUT', async () => {
    closing(await listen('memory:silent'))
    const secure = withTls(memory, { ...tls, handshakeTimeoutMs: 30 })
    await expect(secure.connect('memory:silent')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('the wrong key is an error of the handshake', async () => {
    const server = closing(await withTls(memory, tls).listen('memory:key'))
    server.on('connectionError', nothing)
    const wrong = withTls(memory, {
      client: { ...tls.client, pskCallback: () => ({ psk: Buffer.alloc(16), identity: 'x' }) },
    })
    await expect(wrong.connect('memory:key')).rejects.toThrow(/decrypt|closed|disconnected|alert/i)
  })

  test.skipIf(!unix.capabilities.listen || !unix.capabilities.credentials)(
    'credentials are asked below it',
    async () => {
      const secure = withTls(unix, tls)
      const server = closing(await secure.listen(`unix:${socketPath()}`, { authorize: 'sameUser' }))
      server.on('connection', (connection) => connection.end('in'))
      expect(await lineOf(await secure.connect(server.address))).toBe('in')
    },
  )
})
