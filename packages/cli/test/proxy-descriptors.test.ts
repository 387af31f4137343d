/** uds proxy between AF_UNIX sockets: descriptors, and who may use its socket. */
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, listen, peerCredentials } from '@uds/stream'
import { AncillarySocket, connectAncillary, listenAncillary } from '@uds/stream/handles'
import { needs, socketPath, spawnProgram, tempDir } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { expectStops, freshAddress, listening, uds } from './command.ts'

const python = needs('python3')
const can = capabilities()

const owned = <T extends { close(): unknown }>(thing: T): T => {
  onTestFinished(() => void thing.close())
  return thing
}

const fileWith = (content: string): number => {
  const path = join(tempDir(), 'file')
  writeFileSync(path, content)
  const fd = openSync(path, 'r')
  onTestFinished(() => closeSync(fd))
  return fd
}

/** Answers each message with the contents of its descriptors, and a descriptor of its own. */
const answering = (path: string): void => {
  const answer = fileWith('from the server')
  owned(listenAncillary(path)).on('connection', async (connection) => {
    owned(connection)
    for await (const { data, descriptors } of connection) {
      const contents = descriptors.map(({ fd }) => readFileSync(fd, 'utf8'))
      for (const each of descriptors) each.close()
      await connection.send(`${String(data)}: ${contents.join(', ')}`, { descriptors: [answer] })
    }
    await connection.end()
  })
}

describe.skipIf(!can.descriptors)('uds proxy --descriptors', () => {
  test('passes descriptors both ways, at their bytes, and the end of each half', async () => {
    const path = socketPath()
    answering(path)
    const from = `unix:${socketPath()}`
    const { command } = await listening(['proxy', '--verbose', '--descriptors', from, `unix:${path}`])
    const client = owned(connectAncillary(from))
    const files = [fileWith('one'), fileWith('two')]
    await client.send('files', { descriptors: files })
    const said: string[] = []
    const inside: string[] = []
    for await (const { data, descriptors } of client) {
      said.push(String(data))
      inside.push(...descriptors.map(({ fd }) => readFileSync(fd, 'utf8')))
      for (const each of descriptors) each.close()
      await client.end()
    }
    expect(said).toEqual(['files: one, two'])
    expect(inside).toEqual(['from the server'])
    await command.waitForLine(/client 1: 5 bytes with 2 descriptors forth, 15 bytes with 1 descriptors back/)
    await expectStops(command)
  })

  test.skipIf(python.missing)('a program that knows nothing of it passes a file through', async () => {
    const path = socketPath()
    answering(path)
    const from = socketPath()
    const { command } = await listening(['proxy', '--descriptors', `unix:${from}`, `unix:${path}`])
    const script = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
r, w = os.pipe(); os.write(w, b"python"); os.close(w)
socket.send_fds(s, [b"x"], [r]); s.shutdown(socket.SHUT_WR)
data, fds, flags, address = socket.recv_fds(s, 100, 1)
print(data.decode(), os.read(fds[0], 100).decode())`
    const client = spawnProgram(python.path, ['-c', script, from])
    await client.exit
    expect(client.stdout()).toBe('x: python from the server\n')
    await expectStops(command)
  })

  test('the server sees the proxy, as its help says; a server that is not there costs that client alone', async () => {
    const path = socketPath()
    const { command, address } = await listening(['proxy', '--descriptors', freshAddress(), `unix:${path}`])
    const lost = await connect(address)
    lost.resume()
    await Promise.all([once(lost, 'close'), command.waitForLine(/client 1: .*ENOENT/)])
    const server = owned(await listen(`unix:${path}`))
    const client = owned(AncillarySocket.from((await connect(address as `name:${string}`)) as Socket))
    const [connection] = (await once(server, 'connection')) as [Parameters<typeof peerCredentials>[0]]
    expect(peerCredentials(connection).pid).toBe(command.pid)
    expect((await uds(['proxy', '--help'])).stdout).toMatch(/server sees the proxy as its client/)
    client.close()
    await expectStops(command)
  })
})

test.each([
  [['tcp:127.0.0.1:0', 'unix:./s'], /AF_UNIX on both sides, and tcp:127.0.0.1:0 is tcp:/],
  [['--connect-tls', 'unix:./s', 'unix:./t'], /--descriptors and TLS exclude each other/],
])('--descriptors with %j is refused', async (args, message) => {
  const { code, stderr } = await uds(['proxy', '--descriptors', ...args])
  expect(stderr).toMatch(message)
  expect(code).toBe(2)
})

describe.skipIf(can.system === 'win32')('the socket file of uds proxy', () => {
  test.skipIf(process.geteuid?.() !== 0)(
    'has the mode, the user and the group that were asked for',
    async () => {
      const path = socketPath()
      const owner = ['--mode', '660', '--user', 'nobody', '--group', '12345']
      const { command } = await listening(['proxy', ...owner, `unix:${path}`, 'unix:./server'])
      const { mode, uid, gid } = statSync(path)
      const [, nobody] = /^nobody:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))!
      expect([mode & 0o777, uid, gid]).toEqual([0o660, Number(nobody), 12_345])
      await expectStops(command)
    },
  )

  test.each([
    [['--mode', '9'], /three octal digits/],
    [['--user', 'no such user'], /There is no user "no such user"/],
    [['--group', '-x'], /There is no group|argument missing|unknown option/],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await uds(['proxy', ...args, 'unix:./s', 'unix:./t'])
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })

  test('without a file they mean nothing, which is an error', async () => {
    const { code, stderr } = await uds(['proxy', '--mode', '600', 'tcp:127.0.0.1:0', 'unix:./t'])
    expect(stderr).toMatch(/has no file, so mode/)
    expect(code).toBe(2)
  })
})
