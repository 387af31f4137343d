/** Requests of a guest over TLS: what it asks for as https, what a route speaks for it, and certificates that are wrong. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { Server, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { httpGuest } from '@uds/guests/text'
import { listen } from '@uds/stream'
import { agent } from '@uds/stream/http'
import { socketPath } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WasiHost, type Decision, type RouteTarget } from '../src/index.ts'
import { waits as allWaits } from './driver.ts'

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
/** Of `secure.test` and of 127.0.0.1, signed by itself. */
const cert = fixture('cert.pem')
const key = fixture('key.pem')

/** What the guest answers with: 500 and the number of the error of wasi:http. */
const [PROTOCOL_ERROR, CERTIFICATE_ERROR] = [512, 513]

const guest = httpGuest()
const freshAddress = (): string => (capabilities().afUnix ? `unix:${socketPath()}` : 'tcp:127.0.0.1:0')

const answer: RequestListener = (request, response) => {
  response.writeHead(201)
  response.end(`${request.method} ${request.url} ${request.headers.host}`)
}

const stopAfterTest = (server: Server): void => {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => open.add(socket.on('error', () => {})))
  onTestFinished(() => {
    for (const each of open) each.destroy()
    server.close()
  })
}

/** A server of HTTPS on a free port. */
const secureServer = async (): Promise<number> => {
  const server = createServer({ key, cert }, answer)
  server.on('tlsClientError', () => {})
  stopAfterTest(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

/** The same at an address of @uds/stream. */
const secureAddress = async (): Promise<string> => {
  const server = createServer({ key, cert }, answer)
  server.on('tlsClientError', () => {})
  const listener = await listen(freshAddress())
  listener.on('connection', (connection) => server.emit('connection', connection))
  onTestFinished(() => listener.close())
  return listener.address
}

/** Has this process trust the certificate, as one does that is started with NODE_EXTRA_CA_CERTS. */
const trust = (): void => {
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, cert])
  onTestFinished(() => setDefaultCACertificates(before))
}

const waits = allWaits.filter((each) => each !== 'blocking')

describe.each(waits)('a guest that asks over TLS, %s', (wait) => {
  /** Has a guest ask /x or /f, with one route; gives what it answers. */
  const ask = async (
    path: string,
    route: Readonly<Record<string, RouteTarget>>,
  ): Promise<{ status: number; body: string; failures: Decision[] }> => {
    const failures: Decision[] = []
    const trace = (decision: Decision): void => {
      if (decision.decision === 'fail') failures.push(decision)
    }
    const server = await new WasiHost({ wait, sockets: { route, trace } }).serve(guest, {
      listen: freshAddress(),
    })
    onTestFinished(() => server.close())
    const request = httpRequest({
      path,
      host: 'localhost',
      agent: agent(server.addresses[0]!, { keepAlive: false }),
    }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return { status: response.statusCode!, body: await text(response), failures }
  }

  test('https goes by TLS over whatever the route leads to', async () => {
    trust()
    const body = 'GET /from-the-guest secure.test'
    const port = await secureServer()
    for (const target of [`tcp:127.0.0.1:${port}`, await secureAddress()])
      expect(await ask('/x', { 'secure.test:443': target })).toEqual({ status: 201, body, failures: [] })
  })

  test('a certificate that nobody has signed is refused, and the trace says so', async () => {
    const port = await secureServer()
    const { status, failures } = await ask('/x', { 'secure.test:443': `tcp:127.0.0.1:${port}` })
    expect(status).toBe(CERTIFICATE_ERROR)
    expect(failures).toMatchObject([
      {
        address: 'secure.test:443',
        code: 'EACCES',
        reason: expect.stringMatching(/self[-_ ]signed/i) as string,
      },
    ])
  })

  test('http to a route to TLS is spoken by the host, with the authority and the name of the route', async () => {
    const port = await secureServer()
    const tls = `127.0.0.1:${port}`
    const right = await ask('/f', { 'up:80': { tls, servername: 'secure.test', ca: cert } })
    expect(right).toEqual({ status: 201, body: 'GET /from-the-guest up', failures: [] })
    // https of the guest is not put over TLS once more.
    const single = await ask('/x', { 'secure.test:443': { tls, servername: 'secure.test', ca: cert } })
    expect(single.status).toBe(201)
    const wrongName = await ask('/f', { 'up:80': { tls, servername: 'other.test', ca: cert } })
    expect(wrongName.status).toBe(CERTIFICATE_ERROR)
    expect(wrongName.failures[0]!.reason).toMatch(/other\.test/)
    const untrusted = await ask('/f', { 'up:80': { tls, servername: 'secure.test' } })
    expect(untrusted.status).toBe(CERTIFICATE_ERROR)
  })

  test('what does not speak TLS is an error of the protocol', async () => {
    const listener = await listen(freshAddress())
    listener.on('connection', (connection) => connection.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    onTestFinished(() => listener.close())
    const { status, failures } = await ask('/x', { 'secure.test:443': listener.address })
    expect(status).toBe(PROTOCOL_ERROR)
    expect(failures).toHaveLength(1)
  })
})
