import { connect } from '@uds/stream'
import { freshName, socketPath, spawnScript, tempDir, type Spawned } from '@uds/testkit'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

const start = (name: string, args: string[], env: Record<string, string> = {}): Spawned =>
  spawnScript(new URL(`../src/${name}.ts`, import.meta.url), args, { env })

/** A directory of its own for the names of a test: of the whole process tree only POSIX asks for it. */
const ownPlace = (): Record<string, string> => ({ XDG_RUNTIME_DIR: tempDir() })

test('the two programs of node-ipc get their messages, the client first', async () => {
  const env = ownPlace()
  const name = freshName()
  const client = start('node-ipc-client', [name], env)
  await new Promise((resolve) => client.process.once('spawn', resolve))
  const server = start('node-ipc-server', [name], env)
  await server.waitForLine(/got a message from hello: hello/)
  expect(await client.exit).toEqual({ code: 0, signal: null })
  expect(client.stdout()).toMatch(
    /^connected to world\ngot a message from world: hello world!\nthe time there: \d{4}-\d\d-\d\dT/,
  )
  await server.waitForLine(/client hello has disconnected/)
})

test('the two programs of winpipe greet each other', async () => {
  const env = ownPlace()
  const name = freshName()
  const server = start('winpipe-server', [name], env)
  await server.waitForLine(/listening on/)
  for (let round = 0; round < 2; round += 1) {
    const client = start('winpipe-client', [name], env)
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect(client.stdout()).toBe('received Hello World\n')
  }
  await server.waitForLine(/received Hello World/)
})

test('what works is asked of the machine, and there is something to listen on', async () => {
  const program = start('what-works', [freshName()], ownPlace())
  expect(await program.exit).toEqual({ code: 0, signal: null })
  expect(program.stdout()).toMatch(/AF_UNIX: (yes|no), peer credentials: (yes|no)\n/)
  expect(program.stdout()).toMatch(/listening on (unix|pipe):/)
})

test('the guarded server serves this user', async () => {
  const onWindows = process.platform === 'win32'
  const address = onWindows ? `pipe:${freshName()}` : `unix:${socketPath()}`
  const server = start('guarded', [address])
  await server.waitForLine(/listening on/)
  expect(await text(await connect(address))).toBe('you are this user\n')
})

test('HTTP goes over a socket, by fetch and by node:http', async () => {
  const program = start('http-over-socket', [`name:${freshName()}`], ownPlace())
  expect(await program.exit).toEqual({ code: 0, signal: null })
  expect(program.stdout()).toBe('GET /by/fetch\nGET /by/http\n')
})
