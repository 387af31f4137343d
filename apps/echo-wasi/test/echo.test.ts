import { socketPath, spawnScript, type Spawned } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { describe, expect, test } from 'vitest'

const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)

const started = async (address: string): Promise<{ server: Spawned; address: string }> => {
  const server = spawnScript(script('server'), [address])
  const [, listening = ''] = await server.waitForLine(/listening on (.+)/)
  return { server, address: listening }
}

const addresses = [...(capabilities().afUnix ? ['unix'] : []), 'tcp']

describe.each(addresses)('guests over %s', (scheme) => {
  const fresh = (): string => (scheme === 'unix' ? `unix:${socketPath()}` : 'tcp:127.0.0.1:0')

  test('the client gets back what it sent, and a second client too', async () => {
    const { address } = await started(fresh())
    for (const text of ['hello', 'grüße 😀']) {
      const client = spawnScript(script('client'), [address, text])
      expect(await client.exit).toEqual({ code: 0, signal: null })
      expect(client.stdout()).toContain(`reply: ${text}`)
    }
  })

  test('a client without a server ends with the errno and what to do', async () => {
    const client = spawnScript(script('client'), [scheme === 'unix' ? fresh() : 'tcp:127.0.0.1:1', 'x'])
    expect((await client.exit).code).toBe(1)
    expect(client.stderr()).toMatch(/errno (111|22); NODE_DEBUG=uds-wasi/)
  })
})
