/** host.serve: a component with wasi:http/incoming-handler answers requests, and makes its own. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { agent } from '@uds/stream/http'
import { connect, listen } from '@uds/stream'
import { isWindows, needs, socketPath, spawnProgram } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inspect, WasiHost, type GuestServer, type ServeOptions, type WasiHostOptions } from '../src/index.ts'
import { httpGuest } from '@uds/guests/text'
import { wrap } from './builder/component.ts'
import { assemble } from './builder/module.ts'
import { waits as allWaits } from './driver.ts'

const waits = allWaits.filter((each) => each !== 'blocking')
const guest = httpGuest()
const curl = needs('curl')

interface Serving {
  readonly server: GuestServer
  readonly address: string
  readonly errors: unknown[]
}

const { afUnix } = capabilities()

/** Where a server can listen on this system. */
const freshAddress = (): string => (afUnix ? `unix:${socketPath()}` : 'tcp:127.0.0.1:0')

/** Where nobody listens. */
const nowhere = (): string => (afUnix ? `unix:${socketPath()}` : 'tcp:127.0.0.1:1')

const start = async (
  options: WasiHostOptions = {},
  serving: Partial<ServeOptions> = {},
): Promise<Serving> => {
  const errors: unknown[] = []
  const server = await new WasiHost(options).serve(guest, {
    listen: freshAddress(),
    onError: (error) => errors.push(error),
    ...serving,
  })
  onTestFinished(() => server.close())
  return { server, address: server.addresses[0]!, errors }
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly whole: boolean
}

const ask = async (address: string, path: string, body?: Uint8Array): Promise<Answer> => {
  const request = httpRequest({
    path,
    host: 'localhost',
    method: body ? 'POST' : 'GET',
    agent: agent(address, { keepAlive: false }),
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  response.on('error', () => {})
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise((resolve) => response.once('close', resolve))
  return {
    status: response.statusCode!,
    text: Buffer.concat(chunks).toString('latin1'),
    whole: response.complete,
  }
}

/** An upstream at an address of @uds/stream. */
const upstream = async (): Promise<string> => {
  const server: Server = createServer((request, response) => {
    response.writeHead(201, { 'x-kind': 'up' })
    response.end(`${request.method} ${request.url} ${request.headers.host}`)
  })
  const listener = await listen(freshAddress())
  listener.on('connection', (connection) => server.emit('connection', connection))
  onTestFinished(() => listener.close())
  return listener.address
}

describe.each(waits)('a component that is served under %s', (wait) => {
  test('answers, and echoes a body of a mebibyte', async () => {
    const { address } = await start({ wait })
    expect(await ask(address, '/hello')).toEqual({ status: 200, text: 'hello', whole: true })
    const body = Buffer.alloc(1024 * 1024, 'abcdefg')
    const echoed = await ask(address, '/echo', body)
    expect(echoed.text === body.toString('latin1')).toBe(true)
  })

  test('makes requests of its own where a route leads, and hears why one failed', async () => {
    const { address } = await start({ wait, sockets: { route: { 'up:80': await upstream() } } })
    expect(await ask(address, '/forward')).toEqual({
      status: 201,
      text: 'GET /from-the-guest up',
      whole: true,
    })
    const refused = await start({ wait, sockets: { route: { 'up:80': nowhere() } } })
    // destination-not-found is the third error, of a file that is not there; HTTP-request-denied the sixteenth.
    expect((await ask(refused.address, '/forward')).status).toBe(isWindows ? 506 : 502)
    const denied = await start({ wait })
    expect((await ask(denied.address, '/forward')).status).toBe(515)
  })

  test('answers 500 for a trap and for no response, and 504 when it takes too long; then the next one', async () => {
    const { address, errors } = await start({ wait }, { timeoutMs: 1000, concurrency: 1 })
    expect((await ask(address, '/trap')).status).toBe(500)
    expect((await ask(address, '/nothing')).status).toBe(500)
    expect((await ask(address, '/wait')).status).toBe(504)
    expect(await ask(address, '/hello')).toMatchObject({ status: 200 })
    expect(errors.map((error) => (error as { code?: string }).code ?? (error as Error).name)).toEqual([
      'RuntimeError',
      'ERR_WASI_NO_RESPONSE',
      'ETIMEDOUT',
    ])
  })

  test('breaks off a body that is shorter than announced', async () => {
    const { address } = await start({ wait })
    expect(await ask(address, '/short')).toMatchObject({ status: 200, whole: false })
  })

  test('ends with the server: what waits is broken off, and nothing listens any more', async () => {
    const { address, server } = await start({ wait })
    const waiting = ask(address, '/wait').catch((error: unknown) => error)
    await ask(address, '/hello')
    await server.close({ graceMs: 0 })
    await server.close()
    expect(await waiting).toMatchObject({ code: 'ECONNRESET' })
    expect(await connect(address).catch((error: unknown) => error)).toMatchObject({
      code: expect.stringMatching(/ENOENT|ECONNREFUSED|EACCES/) as string,
    })
  })

  test('does not mind clients that leave', async () => {
    const { address, errors } = await start({ wait })
    const socket = await connect(address)
    socket.on('error', () => {})
    socket.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome')
    await once(socket, 'data')
    socket.destroy()
    expect(await ask(address, '/hello')).toMatchObject({ status: 200 })
    expect(errors).toEqual([])
  })
})

test.skipIf(curl.missing)('curl talks to it over a Unix socket', async () => {
  const path = socketPath()
  await start({}, { listen: `unix:${path}` })
  const running = spawnProgram(curl.path, [
    '--silent',
    '--unix-socket',
    path,
    '--data-binary',
    'from curl',
    'http://localhost/echo',
  ])
  await running.exit
  expect(running.stdout()).toBe('from curl')
})

test('several addresses are one server, and a TCP port 0 is told', async () => {
  const { server } = await start({}, { listen: ['tcp:127.0.0.1:0', freshAddress()] })
  expect(server.addresses).toHaveLength(2)
  for (const address of server.addresses)
    expect(await ask(address, '/hello')).toMatchObject({ text: 'hello' })
})

test('more requests than it may answer at a time wait for their turn', async () => {
  const { address } = await start({}, { concurrency: 2 })
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(address, '/hello')))
  expect(answers.every(({ text }) => text === 'hello')).toBe(true)
})

test('a signal closes it', async () => {
  const closing = new AbortController()
  const { address } = await start({}, { signal: closing.signal })
  closing.abort()
  const refused = (): Promise<boolean> =>
    ask(address, '/hello').then(
      () => false,
      () => true,
    )
  for (;;) if (await refused()) break
  expect(await refused()).toBe(true)
})

describe('what cannot be served is refused in words', () => {
  test('a component that answers no requests', async () => {
    expect(inspect(guest)).toMatchObject({ kind: 'component', handler: true, command: false })
    const command = wrap([assemble('(module (memory (export "memory") 1))')])
    await expect(new WasiHost().serve(command, { listen: 'unix:x' })).rejects.toThrow(/incoming-handler/)
  })

  test('wrong options, before anything listens', async () => {
    const host = new WasiHost()
    await expect(host.serve(guest, { listen: [] })).rejects.toThrow(/listen/)
    await expect(host.serve(guest, { listen: 'unix:x', timeoutMs: 0 })).rejects.toThrow(/timeoutMs/)
    await expect(host.serve(guest, { listen: 'unix:x', concurrency: 0.5 })).rejects.toThrow(/concurrency/)
    await expect(new WasiHost({ wait: 'blocking' }).serve(guest, { listen: 'unix:x' })).rejects.toMatchObject(
      { code: 'ENOTSUP' },
    )
    await expect(
      new WasiHost({ sockets: { listen: ['tcp:127.0.0.1:0'] } }).serve(guest, { listen: 'unix:x' }),
    ).rejects.toThrow(/each guest/)
  })

  test('an import that the host lacks, at the start and not at the first request', async () => {
    const lacking = wrap(
      [assemble('(module (import "my:own/thing" "do" (func)) (memory (export "memory") 1))')],
      {
        exports: ['wasi:http/incoming-handler@0.2.0'],
      },
    )
    await expect(new WasiHost().serve(lacking, { listen: `unix:${socketPath()}` })).rejects.toMatchObject({
      code: 'ERR_WASI_LINK',
    })
  })
})
