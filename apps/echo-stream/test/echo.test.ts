import { existsSync } from 'node:fs'
import { freshName, socketPath, spawnScript, type Spawned } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { pipe, unix } from '@uds/stream'

const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)

const started = async (address: string): Promise<{ server: Spawned; address: string }> => {
  const server = spawnScript(script('server'), [address])
  const [, listening = ''] = await server.waitForLine(/listening on (.+)/)
  return { server, address: listening }
}

const fresh: Readonly<Record<string, () => string>> = {
  ...(unix.capabilities.listen && { unix: () => `unix:${socketPath()}` }),
  ...(pipe.capabilities.listen && { pipe: () => `pipe:${freshName()}` }),
  name: () => `name:${freshName()}`,
  tcp: () => 'tcp:127.0.0.1:0',
}

describe.each(Object.entries(fresh))('over %s', (_scheme, address) => {
  test('clients get back what they sent', async () => {
    const running = await started(address())
    for (const text of ['hello', 'grüße 😀']) {
      const client = spawnScript(script('client'), [running.address, text])
      expect(await client.exit).toEqual({ code: 0, signal: null })
      expect(client.stdout()).toContain(`reply: ${text}`)
      expect(client.stdout()).toMatch(/[1-9]\d* round trips per second/)
    }
  }, 30_000)
})

test('a client that starts first waits for its server', async () => {
  const name = `name:${freshName()}`
  const client = spawnScript(script('client'), [name, 'early'])
  await started(name)
  expect(await client.exit).toEqual({ code: 0, signal: null })
  expect(client.stdout()).toContain('reply: early')
}, 30_000)

// A process of Windows cannot be asked to end by a signal (https://nodejs.org/api/process.html#signal-events).
test.skipIf(pipe.capabilities.listen)('a server that is stopped removes its file', async () => {
  const path = socketPath()
  const { server } = await started(`unix:${path}`)
  expect(existsSync(path)).toBe(true)
  server.process.kill('SIGTERM')
  expect(await server.exit).toEqual({ code: 0, signal: null })
  expect(existsSync(path)).toBe(false)
})
