import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { needs, socketPath, spawnProgram, tempDir, type Spawned } from '@uds/testkit'
import { agent, serve } from '@uds/stream/http'
import * as door from '@uds/stream/net'
import { connect, openUnixConnection, startUnixServer } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'
import { unixNet } from '../src/net/unix-net.ts'

const redis = needs('redis-server')
const postgres = needs('postgres')
const initdb = needs('initdb')
const nginx = needs('nginx')
const socat = needs('socat')
const without = !capabilities().afUnix || capabilities().system === 'win32'

const doors: [string, typeof unixNet][] = [
  ['the door', door],
  ['the AF_UNIX of Windows', unixNet],
]

/** Reads until what came is enough. */
const until = async (socket: Socket, done: (text: string) => boolean): Promise<string> => {
  let all = ''
  while (!done(all)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    all += chunk.toString('latin1')
  }
  return all
}

/** A server that has been started answers when it is ready, and not before. */
const reachable = async (path: string, server: Spawned): Promise<void> => {
  const probe = connect({ scheme: 'unix', path }, { retryUntilMs: 20_000 })
  const ended = server.exit.then(() => {
    throw new Error(`the server has ended: ${server.stdout()}${server.stderr()}`)
  })
  const connection = await Promise.race([probe, ended])
  connection.destroy()
}

describe.skipIf(redis.missing || without)('Redis', () => {
  test.each(doors)(
    'answers its protocol through %s',
    async (_name, net) => {
      const path = socketPath()
      const options = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', tempDir()]
      const server = spawnProgram(redis.path, options)
      await reachable(path, server)
      const client = net.createConnection({ path })
      client.write('SET key "a value"\r\nGET key\r\n')
      expect(await until(client, (all) => all.endsWith('value\r\n'))).toBe('+OK\r\n$7\r\na value\r\n')
      const value = 'x'.repeat(1_000_000)
      client.write(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${value.length}\r\n${value}\r\n`)
      expect(await until(client, (all) => all.endsWith('\r\n'))).toBe('+OK\r\n')
      client.write('STRLEN big\r\n')
      expect(await until(client, (all) => all.endsWith('\r\n'))).toBe(':1000000\r\n')
      client.end('QUIT\r\n')
      await once(client, 'close')
    },
    40_000,
  )
})

/** It refuses to run as root; then it is run as nobody, whom the directory must belong to. */
const asUser = (directory: string): ((program: string, args: readonly string[]) => Spawned) => {
  if (process.getuid?.() !== 0) return (program, args) => spawnProgram(program, args)
  const nobody = 65_534
  chmodSync(directory, 0o755)
  for (const name of ['data', 'run']) chownSync(join(directory, name), nobody, nobody)
  const drop =
    'import os, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534); os.execv(sys.argv[1], sys.argv[1:])'
  return (program, args) =>
    spawnProgram('/usr/bin/env', ['python3', '-c', drop, program, ...args], { cwd: directory })
}

/** ReadyForQuery, idle. */
const isReady = (all: string): boolean => all.endsWith('Z\0\0\0\u0005I')

describe.skipIf(postgres.missing || initdb.missing || without)('PostgreSQL', () => {
  test.skipIf(needs('python3').missing)(
    'answers its protocol through both doors',
    async () => {
      const directory = tempDir()
      for (const name of ['data', 'run']) mkdirSync(join(directory, name), { mode: 0o700 })
      const run = asUser(directory)
      const data = join(directory, 'data')
      const made = run(initdb.path, ['-D', data, '-U', 'tester', '-A', 'trust', '-N', '--no-instructions'])
      const result = await made.exit
      expect(result, made.stderr()).toEqual({ code: 0, signal: null })
      const server = run(postgres.path, ['-D', data, '-k', join(directory, 'run'), '-c', 'listen_addresses='])
      await server.waitForLine(/ready to accept connections/)
      const path = join(directory, 'run', '.s.PGSQL.5432')
      for (const [, net] of doors) {
        const client = new net.Socket()
        client.connect(path)
        // StartupMessage: https://www.postgresql.org/docs/current/protocol-message-formats.html
        const parameters = Buffer.from('user\0tester\0database\0postgres\0\0')
        const startup = Buffer.alloc(8)
        startup.writeInt32BE(8 + parameters.length, 0)
        startup.writeInt32BE(196_608, 4)
        client.write(Buffer.concat([startup, parameters]))
        await until(client, isReady)
        const query = Buffer.from('select 6 * 7 as answer\0')
        const head = Buffer.from('Q\0\0\0\0')
        head.writeInt32BE(4 + query.length, 1)
        client.write(Buffer.concat([head, query]))
        const answer = await until(client, isReady)
        expect(answer).toContain('answer\0')
        expect(answer).toContain('\0\0\0\x0242')
        client.end('X\0\0\0\x04')
        await once(client, 'close')
      }
      server.process.kill('SIGINT')
      await server.exit
    },
    90_000,
  )
})

describe.skipIf(nginx.missing || without)('nginx', () => {
  test('proxies to a server that is served at a socket', async () => {
    const directory = tempDir()
    const front = socketPath()
    const server = http.createServer((request, response) => {
      request.resume().on('end', () => response.end(`behind nginx: ${request.url}`))
    })
    const back = socketPath()
    const served = await serve(server, `unix:${back}`, { mode: 0o666 })
    onTestFinished(() => served.close())
    const config = join(directory, 'nginx.conf')
    writeFileSync(
      config,
      `daemon off; master_process off; pid ${directory}/pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p;
  fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  server { listen unix:${front}; location / { proxy_pass http://unix:${back}:/; } }
}`,
    )
    const proxy = spawnProgram(nginx.path, ['-p', directory, '-c', config, '-e', 'stderr'])
    await reachable(front, proxy)
    const made = agent(`unix:${front}`)
    onTestFinished(() => made.destroy())
    const request = http.get({ agent: made, host: 'x', path: '/page?q=1' })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    let body = ''
    for await (const chunk of response) body += String(chunk)
    expect([response.statusCode, body]).toEqual([200, 'behind nginx: /page?q=1'])
  }, 40_000)
})

describe.skipIf(socat.missing || without)('socat', () => {
  test('connects to a server of ours, and half closes', async () => {
    const path = socketPath()
    const server = await startUnixServer(async (reader, writer) => {
      const all = await reader.read()
      await nextTurn()
      writer.write(`got ${all.length} bytes`)
      writer.close()
    }, path)
    onTestFinished(() => server.close({ graceMs: 0 }))
    const stranger = spawnProgram(socat.path, ['-t', '5', '-', `UNIX-CONNECT:${path}`], {
      input: 'x'.repeat(5000),
    })
    expect(await stranger.exit).toEqual({ code: 0, signal: null })
    expect(stranger.stdout()).toBe('got 5000 bytes')
  })

  test('listens, and our client connects', async () => {
    const path = socketPath()
    const stranger = spawnProgram(socat.path, [`UNIX-LISTEN:${path}`, 'SYSTEM:tr a-z A-Z'])
    const [reader, writer] = await openUnixConnection(path, { retryUntilMs: 10_000 })
    writer.write('shout')
    writer.writeEof()
    expect(String(await reader.read())).toBe('SHOUT')
    writer.close()
    await stranger.exit
  })
})
