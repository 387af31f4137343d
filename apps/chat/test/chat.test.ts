import { expect, test, vi } from 'vitest'
import { unix } from '@uds/stream'
import { freshName, socketPath, spawnScript, type Spawned } from '@uds/testkit'

// Four processes, one after the other: under Wine each takes seconds to start.
vi.setConfig({ testTimeout: 60_000 })

const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)
// A pipe where the system has no AF_UNIX: the address has to outlive the server.
const fresh = (): string => (unix.capabilities.listen ? `unix:${socketPath()}` : `pipe:${freshName()}`)

const serve = async (address: string): Promise<Spawned> => {
  const server = spawnScript(script('server'), [address])
  await server.waitForLine(/listening on /)
  return server
}

const join = async (address: string, name: string): Promise<Spawned> => {
  const client = spawnScript(script('client'), [address, name])
  await client.waitForLine(/connected as/)
  return client
}

const type = (client: Spawned, line: string): void => {
  client.process.stdin?.write(`${line}\n`)
}

test('three clients hear each other, ask who is there, and read what was said', async () => {
  const address = fresh()
  await serve(address)
  const ann = await join(address, 'ann')
  const bob = await join(address, 'bob')
  const eve = await join(address, 'eve')
  await ann.waitForLine(/\* eve is here/)
  type(ann, 'hello, grüße 😀')
  await bob.waitForLine(/ann: hello, grüße 😀/)
  await eve.waitForLine(/ann: hello, grüße 😀/)
  type(bob, '/who')
  await bob.waitForLine(/\* ann, bob, eve/)
  type(eve, '/history')
  await eve.waitForLine(/> ann: hello, grüße 😀/)
  type(bob, '/quit')
  expect(await bob.exit).toEqual({ code: 0, signal: null })
  await ann.waitForLine(/\* bob left/)
  expect(ann.stdout()).not.toContain('ann: hello')
  expect(bob.stdout()).not.toContain('the server is away')
})

test('what is said while the server is away arrives when it is started again', async () => {
  const address = fresh()
  const first = await serve(address)
  const ann = await join(address, 'ann')
  void first.kill('SIGKILL')
  await first.exit
  await ann.waitForLine(/the server is away/)
  type(ann, 'kept')
  await serve(address)
  await ann.waitForLine(/the server is back/)
  const bob = await join(address, 'bob')
  type(bob, '/history')
  expect(await bob.waitForLine(/> ann: (.*)/)).toContain('kept')
})
