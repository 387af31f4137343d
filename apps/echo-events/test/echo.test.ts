import { pipe, unix } from '@uds/stream'
import { freshName, socketPath, spawnScript } from '@uds/testkit'
import { describe, expect, test } from 'vitest'

const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)

const fresh: Readonly<Record<string, () => string>> = {
  'a bare name': freshName,
  ...(unix.capabilities.listen && { unix: () => `unix:${socketPath()}` }),
  ...(pipe.capabilities.listen && { pipe: () => `pipe:${freshName()}` }),
  tcp: () => 'tcp:127.0.0.1:0',
}

describe.each(Object.entries(fresh))('over %s', (_scheme, address) => {
  test('a client gets back an answer, an event, and a stream', async () => {
    const server = spawnScript(script('server'), [address()])
    const [, listening = ''] = await server.waitForLine(/listening on (.+)/)
    const client = spawnScript(script('client'), [listening, 'grüße 😀'])
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect(client.stdout()).toContain('reply: grüße 😀')
    expect(client.stdout()).toContain('event: grüße 😀')
    expect(client.stdout()).toContain('stream: g r ü ß e   😀')
    expect(client.stdout()).toMatch(/[1-9]\d* round trips per second/)
  }, 60_000)
})

test('a client that starts first waits for its server', async () => {
  const name = freshName()
  const client = spawnScript(script('client'), [name, 'early'])
  const server = spawnScript(script('server'), [name])
  await server.waitForLine(/listening on /)
  expect(await client.exit).toEqual({ code: 0, signal: null })
  expect(client.stdout()).toContain('reply: early')
}, 60_000)
