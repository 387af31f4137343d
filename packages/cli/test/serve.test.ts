/** uds wasm serve: a component answers requests at each kind of address, and the command says what went wrong. */
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect, listen } from '@uds/stream'
import { agent } from '@uds/stream/http'
import { assemble, httpGuest, wrap } from '@uds/guests/text'
import { freshName, socketPath, tempDir } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectStops, freshAddress, kinds, listening, start, uds, values } from './command.ts'
import { constant, guest } from './guest.ts'

const { afUnix, system } = capabilities()

const component = (): string => {
  const path = join(tempDir(), 'app.wasm')
  writeFileSync(path, httpGuest())
  return path
}

const ask = async (
  address: string,
  path: string,
  body?: string,
): Promise<readonly [status: number, body: string]> => {
  const request = httpRequest({
    path,
    host: 'localhost',
    method: body === undefined ? 'GET' : 'POST',
    agent: agent(address, { keepAlive: false }),
  }).end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return [response.statusCode!, await text(response)]
}

describe('serve', () => {
  test.each(Object.keys(kinds))('answers at an address of the kind %s, until it is stopped', async (kind) => {
    const { command, address } = await listening(['wasm', 'serve', component(), '--listen', kinds[kind]!()])
    onTestFinished(() => void command.kill())
    expect(await ask(address, '/hello')).toEqual([200, 'hello'])
    expect(await ask(address, '/echo', 'a body')).toEqual([200, 'a body'])
    await expectStops(command)
    await expect(connect(address)).rejects.toMatchObject({
      code: expect.stringMatching(/ENOENT|ECONNREFUSED|EACCES/) as string,
    })
  })

  test.skipIf(!afUnix)(
    'says each address, with the port that it got, and removes its socket file',
    async () => {
      const path = socketPath()
      const addresses = ['--listen', `unix:${path}`, '--listen', 'tcp:127.0.0.1:0']
      const command = start(['wasm', 'serve', component(), ...addresses])
      onTestFinished(() => void command.kill())
      await command.waitForLine(new RegExp(`^listening on unix:${path}$`))
      const [, port = '0'] = await command.waitForLine(/^listening on tcp:127\.0\.0\.1:(\d+)$/)
      expect(Number(port)).toBeGreaterThan(0)
      for (const address of [`unix:${path}`, `tcp:127.0.0.1:${port}`])
        expect(await ask(address, '/hello')).toEqual([200, 'hello'])
      await expectStops(command)
      expect(existsSync(path)).toBe(false)
    },
  )

  test('requests are answered at a time, and go where --route leads', async () => {
    const up = createServer((incoming, response) => response.writeHead(201).end(incoming.headers.host))
    const upstream = await listen(freshAddress())
    upstream.on('connection', (connection) => up.emit('connection', connection))
    onTestFinished(() => upstream.close())
    const route = ['--route', `up:80=${upstream.address}`, '--concurrency', '3']
    const { command, address } = await listening([
      'wasm',
      'serve',
      component(),
      '--listen',
      freshAddress(),
      ...route,
    ])
    onTestFinished(() => void command.kill())
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        index % 3 === 0 ? ask(address, '/forward') : ask(address, '/echo', `body ${index}`),
      ),
    )
    for (const [index, answer] of answers.entries())
      expect(answer).toEqual(index % 3 === 0 ? [201, 'up'] : [200, `body ${index}`])
    await expectStops(command)
  })

  test('a guest that traps, is refused, leads nowhere or takes too long is said on standard error; the next one answers', async () => {
    const nowhere = freshAddress()
    const { command, address } = await listening([
      'wasm',
      'serve',
      component(),
      '--listen',
      freshAddress(),
      '--timeout',
      '1500',
      '--route',
      `secure.test:443=${nowhere}`,
    ])
    onTestFinished(() => void command.kill())
    expect((await ask(address, '/trap'))[0]).toBe(500)
    await command.waitForLine(/^GET \/trap: .*unreachable/)
    expect((await ask(address, '/forward'))[0]).toBe(515)
    await command.waitForLine(/refused to connect up:80: --allow connect:up:80/)
    expect((await ask(address, '/x'))[0]).toBeGreaterThan(500)
    await command.waitForLine(/^secure\.test:443 leads to name:\S+, where no connection could be made: /)
    expect((await ask(address, '/wait'))[0]).toBe(504)
    await command.waitForLine(/^GET \/wait: .*1500 ms/)
    expect(await ask(address, '/hello')).toEqual([200, 'hello'])
    await expectStops(command)
  })

  test.skipIf(system === 'win32')(
    'a request that has begun is answered after Ctrl+C, and no other',
    async () => {
      const { command, address } = await listening(['wasm', 'serve', component(), '--listen', freshAddress()])
      const socket = await connect(address)
      socket.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nConnection: close\r\n\r\nhalf')
      await once(socket, 'data')
      const ended = command.kill('SIGTERM')
      await expect
        .poll(() =>
          connect(address).then(
            (other) => other.destroy(),
            (error: Error) => error.name,
          ),
        )
        .toBe('SocketError')
      socket.end('half')
      expect(await text(socket)).toContain('half')
      expect(await ended).toEqual({ code: 0, signal: null })
    },
  )
})

test('inspect says that a component serves, and what it is composed of', async () => {
  const app = await uds(['wasm', 'inspect', component()])
  expect(app.stdout).toMatch(/^kind {5}component: its core module is shown$/m)
  expect(app.stdout).toMatch(/^serve {4}yes, it has wasi:http\/incoming-handler$/m)
  const code = assemble('(module (memory (export "memory") 1))')
  const inner = wrap([code], { exports: ['test:library/api@1.0.0'] })
  const path = join(tempDir(), 'composed.wasm')
  writeFileSync(
    path,
    wrap([], { imports: ['wasi:cli/stdout@0.3.0'], exports: [], sections: [[4, [...inner]]] }),
  )
  const { code: exit, stdout } = await uds(['wasm', 'inspect', path])
  expect(exit).toBe(0)
  expect(stdout).toContain('kind     component, composed of 1\n')
  expect(stdout).toContain(
    `inside\n  component 1: imports nothing; exports test:library/api@1.0.0\n    core module 1.1: ${code.length} bytes, with a memory, 1 exports, imports of nothing\n`,
  )
})

describe('what cannot be served is a failure, in words', () => {
  test('no address, and one that is none', async () => {
    const app = component()
    const none = await uds(['wasm', 'serve', app])
    expect(none.code).toBe(2)
    expect(none.stderr).toContain('--listen')
    const wrong = await uds(['wasm', 'serve', app, '--listen', 'nonsense:x'])
    expect(wrong.code).toBeGreaterThan(0)
    expect(wrong.stderr).toContain('nonsense')
  })

  test('a module, and a file that is not there', async () => {
    const where = ['--listen', freshAddress()]
    const module = await uds(['wasm', 'serve', guest([], [...constant(0), 0x1a]), ...where])
    expect(module.code).toBeGreaterThan(0)
    expect(module.stderr).toContain('incoming-handler')
    const missing = join(tempDir(), 'none.wasm')
    const absent = await uds(['wasm', 'serve', missing, ...where])
    expect(absent.code).toBeGreaterThan(0)
    expect(absent.stderr).toContain(missing)
  })

  test('an address that is taken', async () => {
    const address = `name:${freshName()}`
    const first = await listen(address)
    onTestFinished(() => first.close())
    const { code, stderr } = await uds(['--json', 'wasm', 'serve', component(), '--listen', address])
    expect(code).toBeGreaterThan(0)
    expect(values(stderr)).toMatchObject([{ error: expect.stringContaining('EADDRINUSE') as string }])
  })
})
