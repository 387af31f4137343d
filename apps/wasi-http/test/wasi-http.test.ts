import { describe, expect, test } from 'vitest'
import { needsPython } from '@uds/guests'
import { socketPath, spawnScript } from '@uds/testkit'

const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)
const python = needsPython()

describe.skipIf(python.missing)('CPython as a guest', () => {
  test.each(['auto', 'worker', 'blocking'])(
    'fetches a page through a Unix socket, waiting by %s',
    async (wait) => {
      const path = socketPath()
      const server = spawnScript(script('server'), [path])
      await server.waitForLine(/listening on/)
      const client = spawnScript(script('client'), [path, '/index.html', wait])
      expect(await client.exit).toEqual({ code: 0, signal: null })
      expect(client.stdout()).toContain('HTTP/1.1 200 OK')
      expect(client.stdout()).toContain('You asked example.com for /index.html.')
      expect(client.stderr()).toBe('')
    },
  )

  test('says what is wrong when nobody listens', async () => {
    const client = spawnScript(script('client'), [socketPath()])
    expect((await client.exit).code).toBe(1)
    expect(client.stderr()).toMatch(/^FileNotFoundError: .*no such socket file/)
  })
})

test('an unknown way of waiting is refused', async () => {
  const client = spawnScript(script('client'), [socketPath(), '/', 'patiently'])
  expect((await client.exit).code).toBe(1)
  expect(client.stderr()).toContain('no way of waiting: "patiently"')
})
