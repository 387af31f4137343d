/** Programs that serve a protocol of their own on a stream: ssh-agent, gpg-agent, Neovim, memcached, PHP-FPM. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { needs, socketPath, spawnProgram, tempDir, until } from '@uds/testkit'
import { peerCredentials } from '@uds/stream'
import { converse, type Conversation } from './conversation.ts'
import { onPosix } from './support.ts'

const sshAgent = needs('ssh-agent')
const gpgAgent = needs('gpg-agent')
const nvim = needs('nvim')
const memcached = needs('memcached')
const fpm = needs('php-fpm')

const modeOf = (path: string): number => statSync(path).mode & 0o777

/** Runs a program of a test's own preparation to its end. */
const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** A message of ssh-agent: its length in four bytes, big-endian, then its type and body. */
const sshMessage = (...bytes: readonly number[]): Buffer => {
  const whole = Buffer.alloc(4 + bytes.length, Buffer.from([0, 0, 0, 0, ...bytes]))
  whole.writeUInt32BE(bytes.length)
  return whole
}
const sshAnswer = async (said: Conversation): Promise<Buffer> =>
  await said.take((await said.take(4)).readUInt32BE())

describe.skipIf(!onPosix || sshAgent.missing)('ssh-agent', () => {
  test('names its keys, in messages of at most 256 KiB, and removes its socket at the end', async () => {
    const directory = tempDir()
    const [path, key] = [join(directory, 'agent'), join(directory, 'key')]
    const program = spawnProgram(sshAgent.path, ['-D', '-a', path])
    const { connection, said } = await converse(path)
    expect(modeOf(path)).toBe(0o600)
    expect(peerCredentials(connection).pid).toBe(program.pid)
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'the comment of the key', '-f', key])
    run('ssh-add', ['-q', key], { SSH_AUTH_SOCK: path })

    const [SSH_AGENTC_REQUEST_IDENTITIES, SSH_AGENT_IDENTITIES_ANSWER, SSH_AGENT_FAILURE] = [11, 12, 5]
    const list = sshMessage(SSH_AGENTC_REQUEST_IDENTITIES)
    connection.write(list)
    const keys = await sshAnswer(said)
    expect([keys[0], keys.readUInt32BE(1)]).toEqual([SSH_AGENT_IDENTITIES_ANSWER, 1])
    expect(String(keys)).toContain('the comment of the key')

    // Byte by byte, and two at once.
    for (const byte of list) connection.write(Buffer.from([byte]))
    expect((await sshAnswer(said))[0]).toBe(SSH_AGENT_IDENTITIES_ANSWER)
    connection.write(Buffer.concat([sshMessage(254), list]))
    expect(await sshAnswer(said)).toEqual(Buffer.from([SSH_AGENT_FAILURE]))
    expect((await sshAnswer(said))[0]).toBe(SSH_AGENT_IDENTITIES_ANSWER)

    const long = Buffer.alloc(4 + 262_144, 254)
    long.writeUInt32BE(262_144)
    connection.write(long)
    expect(await sshAnswer(said)).toEqual(Buffer.from([SSH_AGENT_FAILURE]))
    connection.on('error', () => {}).write(Buffer.from([0, 4, 0, 1, 254]))
    expect(await said.rest().catch(() => Buffer.alloc(0))).toHaveLength(0)

    await program.kill('SIGTERM')
    expect(existsSync(path)).toBe(false)
  })
})

describe.skipIf(!onPosix || gpgAgent.missing)('gpg-agent', () => {
  test('greets the process by its number; the extra socket is told less', async () => {
    const home = tempDir()
    chmodSync(home, 0o700)
    const socketOf = (name: string): string => run('gpgconf', ['--homedir', home, '--list-dirs', name]).trim()
    const [path, extra] = [socketOf('agent-socket'), socketOf('agent-extra-socket')]
    const program = spawnProgram(gpgAgent.path, [
      '--homedir',
      home,
      '--daemon',
      '--no-detach',
      '/bin/sleep',
      '60',
    ])
    const { connection, said } = await converse(path)
    onTestFinished(() => void connection.destroy())
    expect(await said.line()).toBe(`OK Pleased to meet you, process ${process.pid}`)
    expect(modeOf(path)).toBe(0o700)
    connection.write('GETINFO pid\nGETINFO version\n')
    const pid = Number(/^D (\d+)$/.exec(await said.line())?.[1])
    // It is a child of the program that was started, and ends when that has ended, a while later.
    onTestFinished(() => void process.kill(pid, 'SIGKILL'))
    // Who listens is told, and that was its parent, which has become the sleep.
    expect(peerCredentials(connection).pid).toBe(program.pid)
    expect(await said.line()).toBe('OK')
    expect(await said.line()).toMatch(/^D \d+\.\d+/)
    expect(await said.line()).toBe('OK')

    const second = await converse(extra)
    await second.said.line()
    second.connection.write('GETINFO pid\nGETINFO version\n')
    expect(await second.said.line()).toMatch(/^ERR \d+ Forbidden/)
    expect(await second.said.line()).toMatch(/^D \d+\.\d+/)

    // What was asked before a half close is answered.
    connection.end('GETINFO version\n')
    expect(String(await said.rest())).toMatch(/^D \d+\.\d+.*\nOK\n/)

    const last = await converse(path)
    last.connection.write('KILLAGENT\n')
    await last.said.rest()
    await until(() => !existsSync(path))
  })
})

const msgpackText = (value: string): Buffer => Buffer.from([0xa0 + value.length, ...Buffer.from(value)])

/** A request of MessagePack-RPC with one text as its argument; names and texts are shorter than 32 bytes. */
const rpcRequest = (id: number, method: string, ...texts: readonly string[]): Buffer => {
  return Buffer.concat([
    Buffer.from([0x94, 0, id]),
    msgpackText(method),
    Buffer.from([0x90 + texts.length]),
    ...texts.map(msgpackText),
  ])
}

describe.skipIf(!onPosix || nvim.missing)('Neovim', () => {
  test('answers requests of MessagePack-RPC, split anywhere', async () => {
    const path = socketPath()
    const program = spawnProgram(nvim.path, ['--headless', '--clean', '--listen', path])
    const { connection, said } = await converse(path)
    for (const byte of rpcRequest(1, 'nvim_eval', '1+1')) connection.write(Buffer.from([byte]))
    const nil = 0xc0
    expect([...(await said.take(5))]).toEqual([0x94, 1, 1, nil, 2])
    connection.write(rpcRequest(2, 'x'))
    expect([...(await said.take(3))]).toEqual([0x94, 1, 2])
    expect(String(await said.take(21))).toContain('Invalid method: x')
    connection.end(rpcRequest(3, 'nvim_eval', '2+3'))
    expect([...(await said.rest())]).toEqual([0x94, 1, 3, nil, 5])
    const last = await converse(path)
    last.connection.write(rpcRequest(4, 'nvim_command', 'qa!'))
    expect(await program.exit).toEqual({ code: 0, signal: null })
    expect(existsSync(path)).toBe(false)
  })
})

describe.skipIf(!onPosix || memcached.missing)('memcached', () => {
  test('takes lines and blocks of bytes, answers after a half close, and leaves its file', async () => {
    const path = socketPath()
    const start = (): ReturnType<typeof spawnProgram> =>
      spawnProgram(memcached.path, ['-u', 'root', '-s', path])
    const first = start()
    const { connection, said } = await converse(path)
    expect(modeOf(path)).toBe(0o700)
    connection.write('version\r\n')
    expect(await said.line()).toMatch(/^VERSION /)
    // It is cut into reads as the kernel likes.
    const value = Buffer.alloc(500_000, 'v')
    connection.write('set key 7 0 500000\r\n')
    connection.write(value)
    connection.write('\r\nget key\r\n')
    expect([await said.line(), await said.line()]).toEqual(['STORED', 'VALUE key 7 500000'])
    expect((await said.take(value.length)).equals(value)).toBe(true)
    expect([await said.line(), await said.line()]).toEqual(['', 'END'])
    connection.end('get none\r\n')
    expect(String(await said.rest())).toBe('END\r\n')

    await first.kill('SIGTERM')
    expect(existsSync(path)).toBe(true)
    // The next one replaces the file that nobody listens at.
    start()
    const again = await converse(path)
    again.connection.write('version\r\n')
    expect(await again.said.line()).toMatch(/^VERSION /)
  })
})

const [FCGI_BEGIN_REQUEST, FCGI_END_REQUEST, FCGI_PARAMS, FCGI_STDIN, FCGI_STDOUT, FCGI_STDERR] = [
  1, 3, 4, 5, 6, 7,
]

const fcgiRecord = (type: number, content: Buffer): Buffer => {
  const head = Buffer.from([1, type, 0, 1, 0, 0, 0, 0])
  head.writeUInt16BE(content.length, 4)
  return Buffer.concat([head, content])
}

/** One request; names and values are shorter than 128 bytes. The connection is closed after it. */
const fcgiRequest = (script: string, body: string): Buffer => {
  const variables = {
    SCRIPT_FILENAME: script,
    REQUEST_METHOD: 'POST',
    CONTENT_TYPE: 'text/plain',
    CONTENT_LENGTH: String(body.length),
  }
  const pairs = Object.entries(variables).map(([name, value]) =>
    Buffer.concat([Buffer.from([name.length, value.length]), Buffer.from(name + value)]),
  )
  const none = Buffer.alloc(0)
  return Buffer.concat([
    fcgiRecord(FCGI_BEGIN_REQUEST, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])),
    fcgiRecord(FCGI_PARAMS, Buffer.concat(pairs)),
    fcgiRecord(FCGI_PARAMS, none),
    fcgiRecord(FCGI_STDIN, Buffer.from(body)),
    fcgiRecord(FCGI_STDIN, none),
  ])
}

/** What came on each of the streams, and that the request ended. */
const fcgiResponse = async (said: Conversation): Promise<Record<number, string>> => {
  const seen: Record<number, string> = {}
  for (;;) {
    const head = await said.take(8)
    const type = head[1]!
    const content = await said.take(head.readUInt16BE(4))
    await said.take(head[6]!)
    seen[type] = (seen[type] ?? '') + String(content)
    if (type === FCGI_END_REQUEST) return seen
  }
}

describe.skipIf(!onPosix || fpm.missing)('PHP-FPM', () => {
  test('runs a script by FastCGI; a missing one is 404; a half close loses nothing', async () => {
    const directory = tempDir()
    // Its processes are those of another user when this is root.
    chmodSync(directory, 0o755)
    const at = (name: string): string => join(directory, name)
    const user = process.getuid?.() === 0 ? 'user = nobody\ngroup = nogroup\n' : ''
    writeFileSync(
      at('conf'),
      `[global]\nerror_log = ${at('log')}\n[www]\n${user}listen = ${at('s')}\npm = static\npm.max_children = 1\n`,
    )
    writeFileSync(at('page.php'), '<?php echo "got ", strlen(file_get_contents("php://input")), " bytes";')
    const program = spawnProgram(fpm.path, ['-F', '-y', at('conf')])
    const ask = async (
      file: string,
      body: string,
      finish?: (connection: Duplex) => void,
    ): Promise<Record<number, string>> => {
      const { connection, said } = await converse(at('s'))
      // The socket is the parent's; one of its children answers.
      expect(peerCredentials(connection).pid).toBe(program.pid)
      connection.write(fcgiRequest(at(file), body))
      finish?.(connection)
      const all = await fcgiResponse(said)
      expect(await said.rest()).toHaveLength(0)
      // Its process serves nobody else until this half has ended, too.
      connection.end()
      return all
    }
    expect((await ask('page.php', 'a body'))[FCGI_STDOUT]).toMatch(/\r\n\r\ngot 6 bytes$/)
    expect(modeOf(at('s'))).toBe(0o660)
    const missing = await ask('none.php', '')
    expect(missing[FCGI_STDOUT]).toMatch(/^Status: 404 Not Found\r\n/)
    expect(missing[FCGI_STDERR]).toBe('Primary script unknown')
    const ended = await ask('page.php', 'x'.repeat(60_000), (connection) => connection.end())
    expect(ended[FCGI_STDOUT]).toMatch(/\r\n\r\ngot 60000 bytes$/)
    await program.kill('SIGTERM')
    await until(() => !existsSync(at('s')))
  })
})
