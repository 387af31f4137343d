/** A route to TLS: the host speaks it, and the guest knows nothing of it. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RouteTarget } from '../src/index.ts'
import { drive, errorText, OUT, udsImports, waits, type Driven } from './driver.ts'
import { refusedPort } from './refused-port.ts'

const EACCES = 2
const ECONNREFUSED = 14

const BUFFER = 1024

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
/** Of `secure.test` and of 127.0.0.1. */
const cert = fixture('cert.pem')

/** A TLS server on a free port; what it does is up to the test. */
const serveTls = async (onConnection: (socket: TLSSocket) => void): Promise<number> => {
  const sockets = new Set<Socket>()
  const server = createServer({ key: fixture('key.pem'), cert, allowHalfOpen: true }, (socket) => {
    onConnection(socket.on('error', () => {}))
  })
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('tlsClientError', () => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as { port: number }).port
}

const receive = async (guest: Driven, fd: number): Promise<string> => {
  expect(await guest.call('uds_sock_recv', fd, BUFFER, 1024, 0, OUT)).toBe(0)
  return guest.text(BUFFER, await guest.u32(OUT))
}

const send = async (guest: Driven, fd: number, text: string): Promise<void> => {
  const length = await guest.put(BUFFER, text)
  expect(await guest.call('uds_sock_send', fd, BUFFER, length, 0, OUT)).toBe(0)
}

describe.each(waits.filter((wait) => wait !== 'blocking'))('under %s', (wait) => {
  /** Dials `api.internal:443`; gives the descriptor and the errno. */
  const dial = async (target: RouteTarget): Promise<{ guest: Driven; fd: number; errno: number }> => {
    const guest = await drive({
      imports: udsImports,
      host: { wait, sockets: { route: { 'api.internal:443': target } } },
    })
    expect(await guest.call('uds_sock_open', 2, 1, OUT)).toBe(0)
    const fd = await guest.u32(OUT)
    const length = await guest.put(BUFFER, 'api.internal')
    return { guest, fd, errno: await guest.call('uds_sock_connect_host', fd, BUFFER, length, 443) }
  }

  test('what the guest says plain arrives by TLS, and each half has its end', async () => {
    let late: (text: string) => void
    const said = new Promise<string>((resolve) => (late = resolve))
    const port = await serveTls((socket) => {
      socket.once('data', (text) => {
        // The server is the first to end its half; the guest has something to say yet.
        socket.end(`${socket.servername}: ${text}`)
        socket.once('data', (more) => late(more.toString()))
      })
    })
    const { guest, fd, errno } = await dial({ tls: `127.0.0.1:${port}`, servername: 'secure.test', ca: cert })
    expect(errno).toBe(0)
    await send(guest, fd, 'plain')
    expect(await receive(guest, fd)).toBe('secure.test: plain')
    expect(await receive(guest, fd)).toBe('')
    await send(guest, fd, 'still here')
    expect(await said).toBe('still here')
  })

  test('a certificate that nobody trusts, or of another name, is no connection', async () => {
    const port = await serveTls((socket) => socket.end('secret'))
    for (const target of [
      `tls:127.0.0.1:${port}`,
      { tls: `127.0.0.1:${port}`, servername: 'secure.test' },
      { tls: `127.0.0.1:${port}`, servername: 'other.test', ca: cert },
      { tls: `127.0.0.1:${port}`, servername: '127.0.0.2', ca: cert },
    ]) {
      const { guest, fd, errno } = await dial(target)
      expect(errno).toBe(EACCES)
      expect(await errorText(guest, fd)).toContain('the certificate was not accepted')
    }
  })

  test('an address is as good a name as any that the certificate has', async () => {
    const port = await serveTls((socket) => socket.end('by address'))
    const { guest, fd, errno } = await dial({ tls: `127.0.0.1:${port}`, ca: cert })
    expect(errno).toBe(0)
    expect(await receive(guest, fd)).toBe('by address')
  })

  test('a server that is not there refuses', async () => {
    const { errno } = await dial(`tls:127.0.0.1:${refusedPort()}`)
    expect(errno).toBe(ECONNREFUSED)
  })
})
