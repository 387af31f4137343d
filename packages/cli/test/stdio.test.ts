import { existsSync, readdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, listen } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'
import { spawnProgram, needs, socketPath, until } from '@uds/testkit'
import { end, freshAddress, kinds, listening, start, expectStops, uds, values } from './command.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const TLS = ['--tls', '--cert', fixture('cert.pem'), '--key', fixture('key.pem')]
const OVER_TLS = ['--tls', '--ca', fixture('cert.pem'), '--servername', 'localhost']
const socat = needs('socat')
const agent = needs('ssh-agent')

describe.each(Object.entries(kinds))('at an address of the kind %s', (_, fresh) => {
  test('listen and connect carry standard input both ways, and both ends', async () => {
    const { command, address } = await listening(['listen', fresh()], { input: 'from the server\n' })
    const client = await uds(['connect', address], { input: 'from the client\n' })
    expect(client).toEqual({ code: 0, stdout: 'from the server\n', stderr: '' })
    expect(await end(command)).toMatchObject({ code: 0, stdout: 'from the client\n' })
  })

  test('echo answers, client after client', async () => {
    const { command, address } = await listening(['echo', fresh()])
    for (const input of ['one\n', 'two, without an end']) {
      expect(await uds(['connect', address], { input })).toEqual({ code: 0, stdout: input, stderr: '' })
    }
    await expectStops(command)
  })
})

test.skipIf(!capabilities().afUnix)(
  '--take-over takes a socket file from a server that is alive',
  async () => {
    const file = `unix:${socketPath()}`
    const first = await listening(['echo', file])
    const refused = await uds(['echo', file])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('replace it by --take-over')
    expect(refused.stderr).not.toContain('takeOver')
    const held = start(['connect', first.address])
    held.process.stdin?.write('before\n')
    await held.waitForLine(/before/)
    const second = await listening(['echo', '--take-over', file])
    expect(await uds(['connect', file], { input: 'after\n' })).toMatchObject({ code: 0, stdout: 'after\n' })
    held.process.stdin?.end('still\n')
    expect(await end(held)).toMatchObject({ code: 0, stdout: 'before\nstill\n' })
    await expectStops(first.command)
    expect(await uds(['connect', file], { input: 'again\n' })).toMatchObject({ code: 0, stdout: 'again\n' })
    await expectStops(second.command)
  },
)

/** A server that drops a request whose client has half closed, as those of Go's net/http do. */
const hasty = async (): Promise<string> => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    // The reply comes a moment later. A server without allowHalfOpen closes when the client's half ends.
    socket.once('data', () => setTimeout(() => socket.writable && socket.end('the reply\n'), 100))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `tcp:127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('the end of standard input', () => {
  test('leaves the connection open, and the reply of a server that drops half closed requests is printed', async () => {
    const address = await hasty()
    // The end of the server ends the command, however long it would wait.
    const result = await uds(['connect', '--idle', '60000', address], { input: 'request\n' })
    expect(result).toEqual({ code: 0, stdout: 'the reply\n', stderr: '' })
  })

  test('with -N, ends this half at once', async () => {
    const result = await uds(['connect', '-N', await hasty()], { input: 'request\n' })
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('ends a command whose server says no more, after --idle', async () => {
    const listener = await listen(freshAddress(), { allowHalfOpen: true, halfClose: true })
    onTestFinished(() => listener.close({ graceMs: 0 }))
    const ended: string[] = []
    listener.on('connection', (connection: Duplex) => {
      connection.once('data', () => connection.write('reply, and no end\n'))
      connection.once('end', () => ended.push('half'))
    })
    const result = await uds(['connect', '--idle', '300', listener.address], { input: 'request\n' })
    expect(result).toEqual({ code: 0, stdout: 'reply, and no end\n', stderr: '' })
    expect(ended).toEqual(['half'])
  })

  test('reaches a server that answers only then, by -N or after --idle', async () => {
    const listener = await listen(freshAddress(), { allowHalfOpen: true, halfClose: true })
    onTestFinished(() => listener.close({ graceMs: 0 }))
    listener.on('connection', async (connection: Duplex) => {
      const question = await text(connection)
      connection.end(`asked ${question}`)
    })
    for (const flags of [['-N'], ['--idle', '300']]) {
      const result = await uds(['connect', ...flags, listener.address], { input: 'this' })
      expect(result).toEqual({ code: 0, stdout: 'asked this', stderr: '' })
    }
  })

  test.skipIf(agent.missing)('leaves an ssh-agent time to answer', async () => {
    const path = socketPath()
    const running = spawnProgram(agent.path, ['-D', '-a', path])
    await until(() => existsSync(path))
    // SSH_AGENTC_REQUEST_IDENTITIES (draft-ietf-sshm-ssh-agent): the answer has no key.
    const input = '\0\0\0\u0001\u000b'
    const { stdout } = await uds(['connect', '--hex', '--retry', '5000', `unix:${path}`], { input })
    expect(stdout).toMatch(/^00000000 {2}00 00 00 05 0c 00 00 00 00/)
    await running.kill()
  })
})

describe.skipIf(capabilities().system === 'win32')('a server that is stopped', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'by %s ends with 0, and leaves no socket file',
    async (signal) => {
      for (const args of [['echo'], ['listen', '--keep'], ['proxy'], ['line']]) {
        const path = socketPath()
        const rest = args[0] === 'proxy' ? ['tcp:127.0.0.1:9'] : []
        const { command } = await listening([...args, `unix:${path}`, ...rest])
        expect(await command.kill(signal)).toEqual({ code: 0, signal: null })
        expect(readdirSync(dirname(path)), args[0]).toEqual([])
      }
    },
  )

  test('because the reader of its output has gone ends with 0, and leaves no socket file', async () => {
    const path = socketPath()
    const { command } = await listening(['listen', '--keep', '--lines', `unix:${path}`])
    command.process.stdout?.destroy()
    const client = await connect(`unix:${path}`)
    client.on('error', () => {}).write('one\ntwo\n')
    const { code } = await command.exit
    client.destroy()
    expect(code).toBe(0)
    expect(readdirSync(dirname(path))).toEqual([])
  })
})

test.skipIf(!capabilities().afUnix)('a command without --take-over does not advise it', async () => {
  const path = socketPath()
  const { command } = await listening(['echo', `unix:${path}`])
  const { code, stderr } = await uds(['line', `unix:${path}`])
  expect(code).toBe(1)
  expect(stderr).toContain('EADDRINUSE')
  expect(stderr).not.toMatch(/take-?over/i)
  await expectStops(command)
})

test('lines come one by one, whatever ends them', async () => {
  const { command, address } = await listening(['echo', freshAddress()])
  const input = 'unix\nwindows\r\nnone'
  expect(await uds(['connect', '--lines', address], { input })).toMatchObject({
    code: 0,
    stdout: 'unix\nwindows\nnone\n',
  })
  const { stdout } = await uds(['connect', '--lines', '--json', address], { input })
  expect(values(stdout)).toEqual([{ line: 'unix' }, { line: 'windows' }, { line: 'none' }])
  await expectStops(command)
})

test('with --json, bytes that are no text come whole', async () => {
  const { command, address } = await listening(['echo', freshAddress()])
  const bytes = Buffer.from([0, 0xff, 0xfe, 0x0a])
  const client = start(['connect', '--json', address])
  client.process.stdin?.end(bytes)
  const { stdout } = await end(client)
  const got = values(stdout).map((value) => Buffer.from((value as { data: string }).data, 'base64'))
  expect(Buffer.concat(got)).toEqual(bytes)
  await expectStops(command)
})

test('bytes are dumped by sixteen, with what can be read of them', async () => {
  const { command, address } = await listening(['echo', freshAddress()])
  const input = 'The quick brown\u0000\n'
  expect(await uds(['connect', '--hex', address], { input })).toEqual({
    code: 0,
    stdout: [
      '00000000  54 68 65 20 71 75 69 63 6b 20 62 72 6f 77 6e 00  |The quick brown.|',
      `00000010  0a${' '.repeat(45)}  |.|`,
      '',
    ].join('\n'),
    stderr: '',
  })
  await expectStops(command)
})

describe('TLS', () => {
  test('is spoken over any address, and carries both halves to their end', async () => {
    const { command, address } = await listening(['listen', ...TLS, freshAddress()], {
      input: 'secret answer\n',
    })
    const client = await uds(['connect', ...OVER_TLS, address], { input: 'secret question\n' })
    expect(client).toEqual({ code: 0, stdout: 'secret answer\n', stderr: '' })
    expect(await end(command)).toMatchObject({ code: 0, stdout: 'secret question\n' })
  })

  test('refuses a certificate that nobody vouches for, and the server waits for the next client', async () => {
    const { command, address } = await listening(['listen', '--keep', ...TLS, 'tcp:127.0.0.1:0'], {
      input: 'hi\n',
    })
    const refused = await uds(['connect', '--tls', address])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^uds: self-signed certificate.*\n$/)
    const trusting = await uds(['connect', '--tls', '--insecure', address], { input: 'x\n' })
    expect(trusting).toEqual({ code: 0, stdout: 'hi\n', stderr: '' })
    await command.waitForLine(/^x$/)
  })
})

test('a TLS handshake that fails is told in one line, with who and why, and the server goes on', async () => {
  const { command, address } = await listening(['listen', '--keep', ...TLS, 'tcp:127.0.0.1:0'], {
    input: 'hi\n',
  })
  for (const [input, why] of [
    ['GET / HTTP/1.0\r\n\r\n', 'the other side speaks HTTP, not TLS'],
    ['something else that is long enough', 'the other side does not speak TLS'],
  ] as const) {
    await uds(['connect', address], { input })
    await command.waitForLine(new RegExp(`^a client \\(127\\.0\\.0\\.1 port \\d+\\) broke off: ${why}$`))
  }
  const client = await uds(['connect', ...OVER_TLS, address], { input: 'x\n' })
  expect(client).toEqual({ code: 0, stdout: 'hi\n', stderr: '' })
  await command.waitForLine(/^x$/)
  expect(command.stderr().trimEnd().split('\n')).toHaveLength(3)
})

test('a server that does not speak TLS is told in words', async () => {
  const { command, address } = await listening(['echo', freshAddress()])
  const { code, stderr } = await uds(['connect', '--tls', address])
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'uds: the other side does not speak TLS\n' })
  await expectStops(command)
})

test('with --retry, the client may come first', async () => {
  const address = freshAddress()
  const client = start(['connect', '--retry', '10000', address], { input: 'early\n' })
  await new Promise((resolve) => client.process.once('spawn', resolve))
  const { command } = await listening(['listen', address], { input: 'late\n' })
  expect(await end(client)).toEqual({ code: 0, stdout: 'late\n', stderr: '' })
  expect(await end(command)).toMatchObject({ code: 0, stdout: 'early\n' })
})

test('when the server has ended, open but silent input does not keep the client', async () => {
  const { command, address } = await listening(['listen', freshAddress()], { input: 'bye\n' })
  const client = start(['connect', address])
  expect(await end(client)).toEqual({ code: 0, stdout: 'bye\n', stderr: '' })
  expect((await end(command)).code).toBe(0)
})

test('with --keep, the server takes client after client', async () => {
  const { command, address } = await listening(['listen', '--keep', freshAddress()], { input: 'hello\n' })
  expect((await uds(['connect', address], { input: 'one ' })).stdout).toBe('hello\n')
  expect((await uds(['connect', address], { input: 'two\n' })).code).toBe(0)
  await command.waitForLine(/one two/)
  await expectStops(command)
})

test('without --keep, nobody else can connect once a client is there', async () => {
  const { command, address } = await listening(['listen', freshAddress()])
  const client = await connect(address, { allowHalfOpen: true })
  client.write('x\n')
  await command.waitForLine(/x/)
  expect((await uds(['connect', address])).code).toBe(1)
  client.destroy()
  command.process.stdin?.end()
  await command.exit
})

test('a connection that breaks is a failure', async () => {
  const { command, address } = await listening(['listen', 'tcp:127.0.0.1:0'])
  const client = await connect(address as `tcp:${string}`)
  client.write('x\n')
  await command.waitForLine(/x/)
  client.resetAndDestroy()
  const { code, stderr } = await end(command)
  expect(code).toBe(1)
  expect(stderr).toMatch(/ECONNRESET/)
})

test('a reader that has had enough is no failure', async () => {
  const { command, address } = await listening(['echo', freshAddress()])
  const client = start(['connect', address])
  client.process.stdout?.destroy()
  client.process.stdin?.write('x\n')
  expect(await end(client)).toMatchObject({ code: 0, stderr: '' })
  await expectStops(command)
})

describe.skipIf(socat.missing)('with socat', () => {
  test('either end may be the stranger', async () => {
    const path = socketPath()
    const { command } = await listening(['listen', `unix:${path}`], { input: 'uds\n' })
    const stranger = spawnProgram(socat.path, ['-t5', '-', `UNIX-CONNECT:${path}`], { input: 'socat\n' })
    expect((await stranger.exit).code).toBe(0)
    expect(stranger.stdout()).toBe('uds\n')
    expect(await end(command)).toMatchObject({ code: 0, stdout: 'socat\n' })
  })
})
