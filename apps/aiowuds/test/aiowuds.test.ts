import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { needs, spawnProgram, spawnScript, tempDir, type Spawned } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { describe, expect, test } from 'vitest'

const python = needs('python3')
const onWindows = capabilities().system === 'win32'

const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)

const started = async (cwd: string): Promise<Spawned> => {
  const server = spawnScript(script('server'), [], { cwd })
  await server.waitForLine(/listening on \.\/test\.sock/)
  return server
}

// Starting a process takes seconds on a busy machine, under Wine above all.
describe.skipIf(!capabilities().afUnix)('the example programs of AIoWUDS', { timeout: 60_000 }, () => {
  test('the client prints the reply, and so does a second one', async () => {
    const cwd = tempDir()
    await started(cwd)
    for (let round = 0; round < 2; round += 1) {
      const client = spawnScript(script('client'), [], { cwd })
      expect(await client.exit).toEqual({ code: 0, signal: null })
      expect(client.stdout()).toBe('reply: OK: hello world\n')
    }
  })

  // Windows has no signals: there a process that is stopped is ended at once.
  test.skipIf(onWindows).each(['SIGINT', 'SIGTERM'] as const)(
    'at %s the server removes its file and ends, although a client is connected',
    async (signal) => {
      const cwd = tempDir()
      const server = await started(cwd)
      const idle = spawnProgram(
        process.execPath,
        ['-e', "require('net').connect('./test.sock').on('connect', () => console.log('in'))"],
        { cwd },
      )
      await idle.waitForLine(/in/)
      expect(existsSync(join(cwd, 'test.sock'))).toBe(true)
      server.process.kill(signal)
      expect(await server.exit).toEqual({ code: 0, signal: null })
      expect(existsSync(join(cwd, 'test.sock'))).toBe(false)
      await idle.exit
    },
  )

  test('a file that a killed server left does not stop the next one', async () => {
    const cwd = tempDir()
    const first = await started(cwd)
    first.process.kill('SIGKILL')
    await first.exit
    await started(cwd)
    const client = spawnScript(script('client'), [], { cwd })
    expect(await client.exit).toEqual({ code: 0, signal: null })
  })

  test('a client without a server fails with what to do', async () => {
    const client = spawnScript(script('client'), [], { cwd: tempDir() })
    expect((await client.exit).code).toBe(1)
    expect(client.stderr()).toMatch(/SocketError: connect (ENOENT|ECONNREFUSED|EINVAL)/)
  })

  test.skipIf(python.missing)('Python in place of the client gets the same reply', async () => {
    const cwd = tempDir()
    await started(cwd)
    const program = `
import asyncio
async def client():
    reader, writer = await asyncio.open_unix_connection('./test.sock')
    writer.write(b'hello world\\n')
    await writer.drain()
    print('reply:', (await reader.readline()).decode(), end='')
    writer.close()
    await writer.wait_closed()
asyncio.run(client())`
    const client = spawnProgram(python.path, ['-c', program], { cwd })
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect(client.stdout()).toBe('reply: OK: hello world\n')
  })
})
