import { existsSync } from 'node:fs'
import { socketPath, spawnScript, type Spawned } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { capabilities } from '@uds/winsock-ffi'

const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)

const started = async (address: string): Promise<{ server: Spawned; address: string }> => {
  const server = spawnScript(script('server'), [address])
  const [, listening = ''] = await server.waitForLine(/listening on (.+)/)
  return { server, address: listening }
}

const addresses = [...(capabilities().afUnix ? ['unix'] : []), 'tcp']

describe.each(addresses)('over %s', (scheme) => {
  const fresh = (): string => (scheme === 'unix' ? `unix:${socketPath()}` : 'tcp:127.0.0.1:0')

  test('the client gets back what it sent, and a second client too', async () => {
    const { address } = await started(fresh())
    for (const text of ['hello', 'grüße 😀']) {
      const client = spawnScript(script('client'), [address, text])
      expect(await client.exit).toEqual({ code: 0, signal: null })
      expect(client.stdout()).toContain(`reply: ${text}`)
      expect(client.stdout()).toMatch(/\d+ round trips per second/)
    }
  })

  test('a client without a server fails with what to do', async () => {
    const client = spawnScript(script('client'), [scheme === 'unix' ? fresh() : 'tcp:127.0.0.1:1', 'x'])
    expect((await client.exit).code).toBe(1)
    expect(client.stderr()).toMatch(/SocketError: connect (ENOENT|ECONNREFUSED)/)
  })
})

test.skipIf(!capabilities().afUnix)('the shortest program prints what it sent, and the end', async () => {
  const pair = spawnScript(script('pair'))
  expect(await pair.exit).toEqual({ code: 0, signal: null })
  expect(pair.stdout().trim().split(/\r?\n/)).toEqual(['hello', '0'])
})

test.skipIf(process.platform === 'win32')('a server that is stopped removes its file', async () => {
  const path = socketPath()
  const { server } = await started(`unix:${path}`)
  expect(existsSync(path)).toBe(true)
  server.process.kill('SIGTERM')
  expect(await server.exit).toEqual({ code: 0, signal: null })
  expect(existsSync(path)).toBe(false)
})
