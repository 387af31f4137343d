/** TLS over any address: https: and wss: are never sent in clear. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { Agent as UndiciAgent, fetch as undiciFetch, request as undiciRequest } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket as Ws, WebSocketServer } from 'ws'
import { freshName, socketPath, spawnScript } from '@uds/testkit'
import {
  agent,
  dispatcher,
  fetch as typedFetch,
  serve,
  type Dispatcher,
  type DispatcherOptions,
} from '@uds/stream/http'
import { tcp, withTls } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'

const read = (name: string): Buffer => readFileSync(new URL(`./fixtures/${name}`, import.meta.url))
const cert = read('localhost-cert.pem')
const tls = { ca: cert }

const addresses: [string, () => string][] = [
  ...(capabilities().afUnix ? [['unix:', () => `unix:${socketPath()}`] as [string, () => string]] : []),
  ...(capabilities().system === 'win32'
    ? [['pipe:', () => `pipe:${freshName()}`] as [string, () => string]]
    : []),
  ['tcp:', () => 'tcp:127.0.0.1:0'],
  ['memory:', () => `memory:${freshName()}`],
]

const served = async (server: net.Server, address: string): Promise<string> => {
  const result = await serve(server, address)
  onTestFinished(() => result.close())
  return result.address
}

const secureServer = (): https.Server =>
  https.createServer({ cert, key: read('localhost-key.pem') }, (request, response) =>
    response.end(`${request.method} ${request.url} for ${request.headers.host}`),
  )

const textOf = async (request: http.ClientRequest): Promise<string> => {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

const over = (address: string, options: DispatcherOptions<never> = {}): Dispatcher => {
  const made = dispatcher(address, options)
  onTestFinished(() => made.destroy())
  return made
}

/** A server that speaks no TLS, and keeps all bytes. */
const eavesdropper = async (): Promise<{ address: string; heard: () => Buffer }> => {
  const parts: Buffer[] = []
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (part) => {
      parts.push(part)
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok')
    })
  })
  return { address: await served(server, 'tcp:127.0.0.1:0'), heard: () => Buffer.concat(parts) }
}

/** The first byte of a TLS record with a handshake (RFC 8446, 5.1). */
const HANDSHAKE = 0x16

describe.each(addresses)('https over %s', (_scheme, address) => {
  test("Node's fetch reaches the server by a dispatcher, with the options of tls", async () => {
    const made = over(await served(secureServer(), address()), { tls })
    const response = await fetch('https://localhost:1234/a', { dispatcher: made })
    expect(await response.text()).toBe('GET /a for localhost:1234')
  })

  test('undici reaches it by a dispatcher of its own class', async () => {
    const made = dispatcher(await served(secureServer(), address()), { Agent: UndiciAgent, tls })
    onTestFinished(() => made.destroy())
    const response = await undiciFetch('https://localhost/b', { dispatcher: made })
    expect(await response.text()).toBe('GET /b for localhost')
    const { body } = await undiciRequest('https://localhost/c', { dispatcher: made })
    expect(await body.text()).toBe('GET /c for localhost')
  })

  test('node:https reaches it by an agent, which keeps the connection', async () => {
    const server = secureServer()
    let connections = 0
    server.on('secureConnection', () => (connections += 1))
    const made = agent(await served(server, address()), { tls, maxSockets: 1 })
    onTestFinished(() => made.destroy())
    for (const path of ['/1', '/2'])
      expect(await textOf(https.get(`https://localhost${path}`, { agent: made }))).toBe(
        `GET ${path} for localhost`,
      )
    expect(connections).toBe(1)
  })

  test('a WebSocket connects by wss:', async () => {
    const server = secureServer()
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)),
    )
    const at = await served(server, address())
    const made = agent(at, { tls })
    onTestFinished(() => made.destroy())
    for (const begin of [
      () => new globalThis.WebSocket('wss://localhost/', { dispatcher: over(at, { tls }) }),
      () => new Ws('wss://localhost/', { agent: made }),
    ]) {
      const client = begin()
      client.addEventListener('open', () => client.send('web'))
      const [heard] = (await once(client as EventTarget, 'message')) as [MessageEvent | Buffer]
      expect(String('data' in heard ? heard.data : heard)).toBe('echo web')
      const closed = once(client as EventTarget, 'close')
      client.close()
      await closed
    }
    sockets.close()
  })
})

describe('https: is encrypted or refused', () => {
  const secret = { authorization: 'Bearer t0ken' }

  test.each<[string, (address: string) => Promise<unknown>]>([
    ['fetch', (address) => fetch('https://daemon/secret', { headers: secret, dispatcher: over(address) })],
    [
      'fetch of undici',
      (address) =>
        undiciFetch('https://daemon/secret', {
          headers: secret,
          dispatcher: over(address) as unknown as UndiciAgent,
        }),
    ],
    [
      'an Agent of undici',
      async (address) => {
        const made = dispatcher(address, { Agent: UndiciAgent })
        onTestFinished(() => made.destroy())
        return undiciRequest('https://daemon/secret', { headers: secret, dispatcher: made })
      },
    ],
    [
      'an agent with tls',
      async (address) => {
        const made = agent(address, { tls })
        onTestFinished(() => made.destroy())
        return textOf(https.get('https://daemon/secret', { headers: secret, agent: made }))
      },
    ],
  ])('by %s: a server without TLS reads nothing of the request', async (_way, ask) => {
    const { address, heard } = await eavesdropper()
    await expect(ask(address)).rejects.toThrow(Error)
    expect(heard()[0]).toBe(HANDSHAKE)
    expect(heard().toString('latin1')).not.toMatch(/secret|t0ken/)
  })

  test('a redirect from http: to https: begins with a handshake', async () => {
    const first: (number | undefined)[] = []
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (part: Buffer) => {
        first.push(part[0])
        socket.end('HTTP/1.1 302 Found\r\nlocation: https://daemon/secret\r\ncontent-length: 0\r\n\r\n')
      })
    })
    const made = over(await served(server, 'tcp:127.0.0.1:0'))
    await expect(fetch('http://daemon/', { dispatcher: made })).rejects.toThrow(TypeError)
    expect(first).toEqual(['G'.charCodeAt(0), HANDSHAKE])
  })

  test('a WebSocket of wss: begins with a handshake', async () => {
    const { address, heard } = await eavesdropper()
    const client = new globalThis.WebSocket('wss://daemon/secret', { dispatcher: over(address) })
    await once(client, 'error')
    expect(heard()[0]).toBe(HANDSHAKE)
  })

  test('a certificate for another host is refused, and one that no authority vouches for', async () => {
    const at = await served(secureServer(), 'tcp:127.0.0.1:0')
    await expect(fetch('https://other/', { dispatcher: over(at, { tls }) })).rejects.toMatchObject({
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
    await expect(fetch('https://localhost/', { dispatcher: over(at) })).rejects.toMatchObject({
      cause: { code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO/) },
    })
    const made = dispatcher(at, { Agent: UndiciAgent, tls })
    onTestFinished(() => made.destroy())
    await expect(undiciRequest('https://other/', { dispatcher: made })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    const named = over(at, { tls: { ...tls, servername: 'localhost' } })
    expect(await (await fetch('https://other/', { dispatcher: named })).text()).toBe('GET / for other')
  })

  test('hosts do not share a connection whose certificate was for one of them', async () => {
    const made = over(await served(secureServer(), 'tcp:127.0.0.1:0'), { tls })
    await (await fetch('https://localhost/', { dispatcher: made })).text()
    await expect(fetch('https://other/', { dispatcher: made })).rejects.toMatchObject({
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
  })

  test('a transport that has TLS itself carries https: as it is', async () => {
    const server = http.createServer((request, response) => response.end(`${request.url} in TLS`))
    const secured = { transport: withTls(tcp, { server: { cert, key: read('localhost-key.pem') } }) }
    const { address, close } = await serve(server, 'tcp:127.0.0.1:0', secured)
    onTestFinished(() => close())
    const transport = withTls(tcp, { client: { ...tls, servername: 'localhost' } })
    const ours = over(address, { connect: { transport } })
    const theirs = dispatcher(address, { Agent: UndiciAgent, connect: { transport } })
    onTestFinished(() => theirs.destroy())
    expect(await (await fetch('https://daemon/a', { dispatcher: ours })).text()).toBe('/a in TLS')
    const { body } = await undiciRequest('https://daemon/b', { dispatcher: theirs })
    expect(await body.text()).toBe('/b in TLS')
  })

  test('an agent of the other protocol is refused before it connects', async () => {
    const { address, heard } = await eavesdropper()
    const [plain, secure] = [agent(address), agent(address, { tls })]
    expect(() => https.get('https://daemon/secret', { agent: plain })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_PROTOCOL' }),
    )
    expect(() => http.get('http://daemon/secret', { agent: secure })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_PROTOCOL' }),
    )
    expect(heard()).toHaveLength(0)
  })

  test('a request for any other protocol is refused', () => {
    const made = over('memory:nobody') as unknown as { dispatch(options: object, handler: object): boolean }
    expect(() => made.dispatch({ origin: 'ftp://x', path: '/', method: 'GET' }, {})).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
  })
})

test('fetch of this package is the global one, with the type of its option', async () => {
  const made = over(await served(secureServer(), 'tcp:127.0.0.1:0'), { tls })
  const response = await typedFetch('https://localhost/typed', { dispatcher: made, method: 'PUT' })
  expect(await response.text()).toBe('PUT /typed for localhost')
})

test.each([
  ['bun', /fetch of Bun ignores a dispatcher.*agent\(\).*unix/],
  ['deno', /fetch of Deno ignores a dispatcher.*agent\(\)/],
])('in %s, whose fetch ignores it, a dispatcher is refused in words', async (name, message) => {
  const child = spawnScript(new URL('./fixtures/dispatcher-elsewhere.ts', import.meta.url), [name])
  await child.exit
  expect(child.stdout()).toMatch(/^ENOTSUP /)
  expect(child.stdout()).toMatch(message)
})
