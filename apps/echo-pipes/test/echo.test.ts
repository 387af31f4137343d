import { existsSync } from 'node:fs'
import { freshName, socketPath, spawnScript, tempDir, type Spawned } from '@uds/testkit'
import { expect, test, vi } from 'vitest'

// Three processes start, one after the other: half a second each, and ten under Wine on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)
const onWindows = process.platform === 'win32'

const started = async (address: string, env: Record<string, string>): Promise<Spawned> => {
  const server = spawnScript(script('server'), [address], { env })
  await server.waitForLine(/listening on (.+)/)
  return server
}

test('the client gets back what it sent, and a second client too', async () => {
  const env = { XDG_RUNTIME_DIR: tempDir() }
  const name = freshName()
  await started(name, env)
  for (const text of ['hello', 'grüße 😀']) {
    const client = spawnScript(script('client'), [name, text], { env })
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect(client.stdout()).toContain(`reply: ${text}`)
    expect(client.stdout()).toMatch(/\d+ round trips per second/)
  }
})

test('the programs may be started in either order', async () => {
  const env = { XDG_RUNTIME_DIR: tempDir() }
  const name = freshName()
  const client = spawnScript(script('client'), [name, 'early'], { env })
  await started(name, env)
  expect(await client.exit).toEqual({ code: 0, signal: null })
  expect(client.stdout()).toContain('reply: early')
})

test('the shortest program prints what it sent', async () => {
  const pair = spawnScript(script('pair'))
  expect(await pair.exit).toEqual({ code: 0, signal: null })
  expect(pair.stdout().trim()).toBe('Hello World')
})

test('a thread ends the read of another one', async () => {
  const worker = spawnScript(script('worker'))
  expect(await worker.exit).toEqual({ code: 0, signal: null })
  expect(worker.stdout().trim()).toBe('ETIMEDOUT')
})

test.skipIf(onWindows)('a server that is stopped removes its file', async () => {
  const path = socketPath()
  const server = await started(`unix:${path}`, {})
  expect(existsSync(path)).toBe(true)
  server.process.kill('SIGTERM')
  expect(await server.exit).toEqual({ code: 0, signal: null })
  expect(existsSync(path)).toBe(false)
})
