import { existsSync } from 'node:fs'
import { freshName, needs, socketPath, spawnProgram, spawnScript } from '@uds/testkit'
import type { Spawned } from '@uds/testkit'
import { expect, test } from 'vitest'

const windows = process.platform === 'win32'
const python = needs('python3')
const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)
const started = async (): Promise<{ server: Spawned; path: string }> => {
  const path = windows ? `pipe:${freshName()}` : socketPath()
  const server = spawnScript(script('server'), [path])
  await server.waitForLine(/listening on/)
  return { server, path }
}

test('each line is acknowledged, printed by the server, and given to the other client', async () => {
  const { server, path } = await started()
  const listening = spawnScript(script('client'), [path])
  // One line of its own, so that it is known to be there.
  listening.process.stdin?.write('I am here\n')
  await listening.waitForLine(/^reply: __ACK__ for I am here$/)
  const sending = spawnScript(script('client'), [path, 'hello', 'grüße 😀'])
  expect(await sending.exit).toEqual({ code: 0, signal: null })
  expect(sending.stdout()).toBe('reply: __ACK__ for hello\nreply: __ACK__ for grüße 😀\n')
  for (const line of ['I am here', 'hello', 'grüße 😀'])
    await server.waitForLine(new RegExp(`^line: ${line}$`))
  await listening.waitForLine(/^from another client: hello$/)
  await listening.waitForLine(/^from another client: grüße 😀$/)
  listening.process.stdin?.end()
  expect(await listening.exit).toEqual({ code: 0, signal: null })
  // Three processes start, which takes long on a busy or an emulated system.
}, 40_000)

test.skipIf(windows)('a server that is stopped lets its clients go and removes its file', async () => {
  const { server, path } = await started()
  const client = spawnScript(script('client'), [path])
  client.process.stdin?.write('I am here\n')
  await client.waitForLine(/^reply/)
  server.process.kill('SIGTERM')
  expect(await server.exit).toEqual({ code: 0, signal: null })
  expect(server.stdout()).toMatch(/closed\n$/)
  expect(existsSync(path)).toBe(false)
  client.process.stdin?.end()
  expect((await client.exit).code).toBe(0)
})

test('a client without a server fails with what happened', async () => {
  const client = spawnScript(script('client'), [windows ? `pipe:${freshName()}` : socketPath(), 'x'])
  expect((await client.exit).code).toBe(1)
  expect(client.stderr()).toMatch(/SocketError: (connect|CreateFileW) (ENOENT|ECONNREFUSED)/)
})

test.skipIf(python.missing || windows)(
  'a program in Python gets its acknowledgement, and is let go at exit',
  async () => {
    const { path } = await started()
    const program = [
      'import socket, sys',
      'client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)',
      'client.connect(sys.argv[1])',
      'client.sendall(b"hello\\nexit\\n")',
      'print(client.makefile().read(), end="")',
    ]
    const client = spawnProgram(python.path, ['-c', program.join('\n'), path])
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect(client.stdout()).toBe('__ACK__\n')
  },
)
