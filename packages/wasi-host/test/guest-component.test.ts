/** Components as compilers make them: C over wasi-libc for WASI 0.2, Rust with the adapter, JavaScript by componentize-js. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { agent } from '@uds/stream/http'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { needsGuest } from '@uds/guests'
import { socketPath, tempDir } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inspect, WasiHost, type Program, type WasiHostOptions } from '../src/index.ts'
import { waits } from './driver.ts'
import { readComposition } from '../src/module/composition/sections.ts'
import { engine } from '../src/module/engine.ts'
import { runGuest, serve, serveEcho, startGuest } from './guest-run.ts'
import { refusedPort } from './refused-port.ts'

const sockets = needsGuest('wasip2-sockets')
const files = needsGuest('wasip2-files')
const rust = needsGuest('rust-component')
const js = needsGuest('js-http-server')
const composed = needsGuest('composed')

/** The program of a component that is made as its own sections say, though its core module could be linked by itself. */
const bySections = async (path: string): Promise<Program> => {
  const program = await new WasiHost().compile(path)
  const { composition, modules } = readComposition(new Uint8Array(readFileSync(path)))
  const compiled = modules.map(async ({ bytes, declarations }) => ({
    module: await engine.compile(bytes),
    imports: declarations.imports,
  }))
  return { ...program, composed: { composition, modules: await Promise.all(compiled) } }
}

describe.skipIf(sockets.missing).each(waits)('C over wasi-libc for WASI 0.2, %s', (wait) => {
  const options = (args: readonly string[], given: WasiHostOptions['sockets']): WasiHostOptions => ({
    wait,
    args: ['sockets', ...args],
    stdin: 'ignore',
    sockets: given,
  })

  test('talks to a server by name, over TCP and through a route to a Unix socket', async () => {
    const port = await serveEcho()
    const direct = options(['client', 'echo.test', String(port), 'by name'], {
      allow: [`connect:echo.test:${port}`],
      resolve: { 'echo.test': ['127.0.0.1'] },
    })
    expect(await runGuest(sockets.path, direct)).toEqual({ code: 0, stdout: 'by name', stderr: '' })
    const path = socketPath()
    await serveEcho({ path })
    const routed = options(['client', 'db', '5432', 'routed'], { route: { 'db:5432': `unix:${path}` } })
    expect(await runGuest(sockets.path, routed)).toEqual({ code: 0, stdout: 'routed', stderr: '' })
  })

  test('sends and receives a datagram', async () => {
    const peer = createSocket('udp4').bind(0, '127.0.0.1')
    onTestFinished(() => void peer.close())
    await once(peer, 'listening')
    peer.on('message', (bytes, from) => peer.send(`${String(bytes)}!`, from.port, from.address))
    const { port } = peer.address()
    const given = options(['udp', '127.0.0.1', String(port), 'datagram'], {
      allow: [`connect:udp:127.0.0.1:${port}`],
    })
    expect(await runGuest(sockets.path, given)).toEqual({ code: 0, stdout: 'datagram!', stderr: '' })
  })

  test('listens, accepts, and echoes a mebibyte', async () => {
    const server = startGuest(sockets.path, options(['server', '0'], { allow: ['bind:127.0.0.1:*'] }))
    const [, port] = await server.waitFor(/^(\d+)\n/)
    const client = connect({ port: Number(port), host: '127.0.0.1' })
    client.end(Buffer.alloc(1024 * 1024, 'abc'))
    expect((await text(client)).length).toBe(1024 * 1024)
    expect((await server.ended).code).toBe(0)
  })

  test('hears why it cannot connect', async () => {
    const port = refusedPort()
    const refused = options(['client', '127.0.0.1', String(port), 'x'], { allow: ['connect:127.0.0.1:*'] })
    expect((await runGuest(sockets.path, refused)).stderr).toMatch(/connect: Connection refused/)
    const denied = options(['client', '127.0.0.1', String(port), 'x'], {})
    expect((await runGuest(sockets.path, denied)).stderr).toMatch(/connect: Permission denied/)
  })
})

describe.skipIf(files.missing).each(waits)('files of C over wasi-libc for WASI 0.2, %s', (wait) => {
  const run = (dir: string, name: string, readOnly = false): ReturnType<typeof runGuest> =>
    runGuest(files.path, {
      wait,
      args: ['files', name, 'twice.'],
      stdin: 'ignore',
      preopens: { '/data': { path: dir, readOnly } },
    })

  test('are written by wasi:filesystem and read by stdio', async () => {
    const dir = tempDir()
    expect(await run(dir, 'new')).toEqual({ code: 0, stdout: 'twice.twice.\nnew 6\n', stderr: '' })
    expect(readFileSync(join(dir, 'new'), 'utf8')).toBe('twice.twice.')
  })

  test('lie in the directory, and are not made where it is read-only', async () => {
    const [notPermitted, readOnly] = [31, 33]
    expect((await run(tempDir(), '../new')).stdout).toBe(`open-at: ${notPermitted}\n`)
    expect((await run(tempDir(), 'new', true)).stdout).toBe(`open-at: ${readOnly}\n`)
  })
})

describe.skipIf(rust.missing)("Rust's std in a component", () => {
  test.each(waits)('echoes on a listener of the host, %s', async (wait) => {
    expect(inspect(rust.path)).toMatchObject({ kind: 'component', abi: 'wasi-0.2', command: true })
    const path = socketPath()
    const server = startGuest(rust.path, {
      wait,
      args: ['echo-server', '1'],
      sockets: { listen: [`unix:${path}`] },
    })
    await server.waitFor(/listening/)
    const client = connect(path)
    client.end('from a client')
    expect(await text(client)).toBe('from a client')
    expect(await server.ended).toMatchObject({ code: 0, stdout: 'listening\nserved\n' })
  })
})

const httpWaits = waits.filter((each) => each !== 'blocking')

describe.skipIf(js.missing).each(httpWaits)('JavaScript by componentize-js, %s', (wait) => {
  test('answers requests, and makes its own', async () => {
    const up = createServer((request, response) => {
      response.setHeader('x-kind', 'up')
      request.pipe(response.writeHead(201))
    })
    const path = socketPath()
    await serve(up, { path })
    const host = new WasiHost({ wait, stderr: 'ignore', sockets: { route: { 'up:80': `unix:${path}` } } })
    const server = await host.serve(js.path, { listen: `unix:${socketPath()}` })
    onTestFinished(() => server.close())
    const ask = async (url: string, body?: string): Promise<[status: number | undefined, text: string]> => {
      const request = httpRequest({
        path: url,
        host: 'localhost',
        method: body === undefined ? 'GET' : 'POST',
        agent: agent(server.addresses[0]!, { keepAlive: false }),
      })
      request.end(body)
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return [response.statusCode, await text(response).catch(() => 'broken off')]
    }
    expect(await ask('/page')).toEqual([200, 'hello from /page'])
    expect(await ask('/echo', 'a body')).toEqual([200, 'a body'])
    expect(await ask('/fetch?url=http://up/path')).toEqual([200, '201 up from the guest'])
    expect((await ask('/stream'))[1]).toBe('x'.repeat(500_000))
    expect(await ask('/fail')).toEqual([500, 'broken off'])
    expect(await ask('/page')).toEqual([200, 'hello from /page'])
  })
})

describe.skipIf(composed.missing).each(waits)('two components that are composed, %s', (wait) => {
  test('call each other with strings of two encodings and a resource, and print by the host', async () => {
    expect(inspect(composed.path)).toMatchObject({ kind: 'component', abi: 'wasi-0.2', command: true })
    expect(await runGuest(composed.path, { wait })).toEqual({ code: 0, stdout: 'FüR ALLE\n', stderr: '' })
  })

  test('trap at a resource that has been dropped, and are not entered again', async () => {
    const guest = await new WasiHost({ wait }).instantiate(composed.path)
    onTestFinished(() => guest.close())
    expect(guest.exports).toEqual(['wasi:cli/run@0.2.0#run', 'misuse'])
    await expect(guest.call('misuse')).rejects.toThrow(/the handle 1 is no GuestResource/)
    await expect(guest.call('misuse')).rejects.toThrow(/exited/)
  })
})

describe.skipIf(sockets.missing || js.missing).each(httpWaits)('made as its own sections say, %s', (wait) => {
  test('the adapter of preview 1 runs, and sockets are those of the host', async () => {
    const port = await serveEcho()
    const program = await bySections(sockets.path)
    const host = new WasiHost({
      wait,
      args: ['sockets', 'client', '127.0.0.1', String(port), 'adapted'],
      stdout: 'ignore',
      sockets: { allow: [`connect:127.0.0.1:${port}`] },
    })
    expect(await host.run(program)).toBe(0)
    const denied = new WasiHost({
      wait,
      args: ['sockets', 'client', '127.0.0.1', '1', 'x'],
      stderr: 'ignore',
    })
    expect(await denied.run(program)).toBe(1)
  })

  test('requests are answered by it', async () => {
    const server = await new WasiHost({ wait }).serve(await bySections(js.path), {
      listen: `unix:${socketPath()}`,
    })
    onTestFinished(() => server.close())
    const request = httpRequest({
      path: '/page',
      host: 'localhost',
      agent: agent(server.addresses[0]!),
    }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(await text(response)).toBe('hello from /page')
  })
})
