import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { Agent as UndiciAgent, fetch as undiciFetch } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { expectNoLeak, freshName, needs, socketPath, spawnProgram } from '@uds/testkit'
import { agent, dispatcher, serve, type Dispatcher, type Served } from '@uds/stream/http'
import { connect, memory } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'

const curl = needs('curl')
const unix = capabilities().afUnix

/** Every address form that HTTP has to go over. */
const addresses: [string, () => string][] = [
  ...(unix ? [['unix:', () => `unix:${socketPath()}`] as [string, () => string]] : []),
  ...(capabilities().system === 'win32'
    ? [['pipe:', () => `pipe:${freshName()}`] as [string, () => string]]
    : []),
  ['tcp:', () => 'tcp:127.0.0.1:0'],
  ['memory:', () => `memory:${freshName()}`],
]

const answering = (): http.Server =>
  http.createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      response.setHeader('x-host', request.headers.host ?? '')
      response.end(`${request.method} ${request.url} ${body}`)
    })
  })

const served = async (server: http.Server, address: string): Promise<Served> => {
  const result = await serve(server, address)
  onTestFinished(() => result.close())
  return result
}

const get = async (options: http.RequestOptions, body?: string): Promise<[number | undefined, string]> => {
  const request = http.request(options)
  request.end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return [response.statusCode, text]
}

const close = (made: http.Agent): void => onTestFinished(() => made.destroy())

describe.each(addresses)('HTTP over %s', (_scheme, address) => {
  test('an agent of node:http reaches the server, whatever host the request names', async () => {
    const { address: at } = await served(answering(), address())
    const made = agent(at)
    close(made)
    const options = { agent: made, host: 'no.such.host.example', path: '/a', method: 'POST' }
    expect(await get(options, 'body')).toEqual([200, 'POST /a body'])
  })

  test("Node's own fetch reaches it by a dispatcher", async () => {
    const { address: at } = await served(answering(), address())
    const made = dispatcher(at)
    try {
      const response = await fetch('http://docker/version?x=1', {
        dispatcher: made,
        method: 'PUT',
        body: 'b',
      })
      expect(await response.text()).toBe('PUT /version?x=1 b')
      expect(response.headers.get('x-host')).toBe('docker')
    } finally {
      await made.close()
    }
  })

  test('the undici of the user reaches it by a dispatcher of its own class', async () => {
    const { address: at } = await served(answering(), address())
    const made = dispatcher(at, { Agent: UndiciAgent, agentOptions: { pipelining: 0 } })
    try {
      const response = await undiciFetch('http://docker/', { dispatcher: made })
      expect(await response.text()).toBe('GET / ')
    } finally {
      await made.close()
    }
  })

  test('a megabyte goes both ways', async () => {
    const echo = http.createServer((request, response) => void request.pipe(response))
    const { address: at } = await served(echo, address())
    const made = dispatcher(at)
    const data = Buffer.alloc(2 ** 20, 'abc')
    try {
      const response = await fetch('http://x/', { dispatcher: made, method: 'POST', body: data })
      expect(Buffer.from(await response.arrayBuffer()).equals(data)).toBe(true)
    } finally {
      await made.close()
    }
  })

  test('a WebSocket is upgraded and echoes', async () => {
    const server = answering()
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket) =>
      socket.on('message', (data, binary) => socket.send(data, { binary })),
    )
    const { address: at } = await served(server, address())
    const client = new WebSocket('ws://x/chat', { agent: agent(at) })
    client.on('open', () => client.send('over a socket'))
    const [data] = (await once(client, 'message')) as [Buffer]
    expect(String(data)).toBe('over a socket')
    client.close()
    await once(client, 'close')
    sockets.close()
  })

  test('a request that is being answered ends within the grace, and then nothing is left', async () => {
    const begun = Promise.withResolvers<http.ServerResponse>()
    const server = http.createServer((_request, response) => begun.resolve(response))
    // Longer than this test may take: an idle connection that Node keeps would not end in it.
    server.keepAliveTimeout = 600_000
    const { address: at, close: end, listener } = await served(server, address())
    const made = agent(at)
    close(made)
    const answer = get({ agent: made })
    const response = await begun.promise
    const closed = end({ graceMs: 600_000 })
    response.end('still answered')
    expect(await answer).toEqual([200, 'still answered'])
    await closed
    expect(listener.connections).toBe(0)
  })

  test('close of the server ends the listener', async () => {
    const server = answering()
    const { address: at, listener } = await served(server, address())
    const ended = once(listener, 'close')
    server.close()
    await ended
    const made = agent(at)
    close(made)
    await expect(get({ agent: made })).rejects.toMatchObject({ code: expect.stringMatching(/^E/) })
  })

  test('a failed connect is the error of its request', async () => {
    const { address: at, close: end } = await served(answering(), address())
    await end()
    const made = agent(at)
    close(made)
    await expect(get({ agent: made })).rejects.toMatchObject({ name: 'SocketError' })
    const other = dispatcher(at)
    const failure: unknown = await fetch('http://x/', { dispatcher: other }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ cause: { name: 'SocketError' } })
    await other.destroy()
  })
})

test.runIf(unix)('the connections of an agent are kept alive, and are net.Sockets', async () => {
  const seen = new Set<unknown>()
  const server = answering().on('connection', (socket) => seen.add(socket))
  const { address } = await served(server, `unix:${socketPath()}`)
  const made = agent(address, { maxSockets: 1 })
  close(made)
  for (const path of ['/1', '/2', '/3'])
    expect(await get({ agent: made, path })).toEqual([200, `GET ${path} `])
  expect(seen.size).toBe(1)
  expect([...seen][0]).toBeInstanceOf(Socket)
  expect(Object.values(made.freeSockets).flat()).toHaveLength(1)
})

test('an agent without keepAlive opens a connection for each request', async () => {
  const seen: unknown[] = []
  const server = answering().on('connection', (socket) => seen.push(socket))
  const { address } = await served(server, 'tcp:127.0.0.1:0')
  const made = agent(address, { keepAlive: false })
  await get({ agent: made })
  await get({ agent: made })
  expect(seen).toHaveLength(2)
})

test('one server can be served at several addresses', async () => {
  const server = answering()
  const one = await served(server, `memory:${freshName()}`)
  const two = await served(server, 'tcp:127.0.0.1:0')
  await one.close()
  const made = agent(two.address)
  close(made)
  expect(await get({ agent: made, path: '/two' })).toEqual([200, 'GET /two '])
})

test('a client that never sends its request is ended by the timeouts of the server', async () => {
  const server = http.createServer({
    headersTimeout: 50,
    requestTimeout: 50,
    connectionsCheckingInterval: 20,
  })
  const { address } = await served(server, 'tcp:127.0.0.1:0')
  const connection = await connect(address)
  connection.write('GET / HT')
  const [data] = (await once(connection, 'data')) as [Buffer]
  expect(String(data)).toMatch(/^HTTP\/1\.1 408/)
  connection.destroy()
})

test('HTTP/2 is served as well', async () => {
  const server = http2.createServer((_request, response) => void response.end('two'))
  const { address, close: end } = await serve(server, 'tcp:127.0.0.1:0')
  const connection = await connect(address)
  const session = http2.connect('http://x', { createConnection: () => connection })
  const stream = session.request({ ':path': '/' })
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  expect(text).toBe('two')
  session.close()
  await end({ graceMs: 1000 })
})

test.each(['bare', 'nope:x', ''])('the address %j is refused at once', (address) => {
  expect(() => agent(address)).toThrow(TypeError)
  expect(() => dispatcher(address)).toThrow(TypeError)
})

test('a dispatcher class that is none is refused', () => {
  expect(() => dispatcher('memory:x', { Agent: 7 as unknown as typeof UndiciAgent })).toThrow(TypeError)
})

test('a transport of your own carries the requests', async () => {
  const name = freshName()
  const { close: end } = await serve(answering(), `memory:${name}`, { transport: memory })
  const made = agent(`memory:${name}`, { connect: { transport: memory } })
  expect(await get({ agent: made, path: '/own' })).toEqual([200, 'GET /own '])
  await end()
})

test('serving, asking and closing leaves no handle behind', async () => {
  const path = unix ? `unix:${socketPath()}` : 'tcp:127.0.0.1:0'
  await expectNoLeak(
    async () => {
      const { address, close: end } = await serve(answering(), path)
      const made = agent(address)
      await get({ agent: made })
      made.destroy()
      await end()
    },
    { times: 30 },
  )
})

describe.skipIf(curl.missing || !unix)('curl', () => {
  test('--unix-socket reaches a served server', async () => {
    const path = socketPath()
    await served(answering(), `unix:${path}`)
    const stranger = spawnProgram(curl.path, ['-sS', '--unix-socket', path, '-d', 'sent', 'http://x/curl'])
    expect(await stranger.exit).toEqual({ code: 0, signal: null })
    expect(stranger.stdout()).toBe('POST /curl sent')
  })
})

const over = async (server: http.Server): Promise<Dispatcher> => {
  const made = dispatcher((await served(server, 'tcp:127.0.0.1:0')).address)
  onTestFinished(() => made.destroy())
  return made
}

describe('the dispatcher for fetch', () => {
  test('an abort ends the request at the server', async () => {
    const gone = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const server = http.createServer((_request, response) => {
      response.once('close', () => gone.resolve())
      begun.resolve()
    })
    const abort = new AbortController()
    const made = fetch('http://x/', { dispatcher: await over(server), signal: abort.signal })
    await begun.promise
    abort.abort()
    await expect(made).rejects.toMatchObject({ name: 'AbortError' })
    await expect(gone.promise).resolves.toBeUndefined()
  })

  test('a stream is sent as it comes, and a response is read as it is asked for', async () => {
    let sent = 0
    const server = http.createServer((request, response) => {
      request.resume().on('end', () => {
        const more = (): void => {
          while (sent < 2 ** 28) {
            sent += 65_536
            if (!response.write(Buffer.alloc(65_536))) return
          }
        }
        response.on('drain', more)
        more()
      })
    })
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(new Uint8Array(1000))
        controller.close()
      },
    })
    const options = { dispatcher: await over(server), method: 'POST', body, duplex: 'half' } as const
    const response = await fetch('http://x/', options)
    const reader = response.body!.getReader()
    await reader.read()
    await sleep(100)
    // Far from all of it: the server was held up.
    expect(sent).toBeLessThan(2 ** 27)
    await reader.cancel()
  })

  test('compressed and repeated headers arrive as fetch gives them', async () => {
    const server = http.createServer((_request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync('unpacked'))
    })
    const response = await fetch('http://x/', { dispatcher: await over(server) })
    expect(await response.text()).toBe('unpacked')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  test('a redirect is followed on the same connection', async () => {
    const server = http.createServer((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new' }).end()
      else response.end(`at ${request.url}`)
    })
    const response = await fetch('http://x/old', { dispatcher: await over(server) })
    expect([await response.text(), response.redirected]).toEqual(['at /new', true])
  })

  test("Node's own WebSocket connects through it", async () => {
    const server = answering()
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)),
    )
    const client = new globalThis.WebSocket('ws://x/', { dispatcher: await over(server) })
    client.addEventListener('open', () => client.send('web'))
    const [event] = (await once(client, 'message')) as [MessageEvent]
    expect(event.data).toBe('echo web')
    client.close()
    await once(client, 'close')
    sockets.close()
  })

  test('close waits for what was begun, and refuses what comes after', async () => {
    const begun = Promise.withResolvers<http.ServerResponse>()
    const made = await over(http.createServer((_request, response) => begun.resolve(response)))
    const first = fetch('http://x/', { dispatcher: made })
    const response = await begun.promise
    const closed = made.close()
    await expect(fetch('http://x/', { dispatcher: made })).rejects.toMatchObject({
      cause: { message: 'the dispatcher is closed' },
    })
    response.end('late')
    expect(await (await first).text()).toBe('late')
    await closed
  })

  test('what it does not have says where it is to be had', async () => {
    const made = await over(answering())
    expect(() => made.request({ path: '/', method: 'GET' })).toThrow(
      expect.objectContaining({ code: 'ENOTSUP', message: expect.stringContaining('{ Agent }') }),
    )
  })
})
