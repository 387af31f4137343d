import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { describe, expect, test } from 'vitest'
import { expectNoLeak, handleCount } from '@uds/testkit'

const listen = async (): Promise<Server> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const close = async (server: Server): Promise<void> => {
  server.close()
  await once(server, 'close')
}

test('handleCount sees a socket come and go', async () => {
  await close(await listen())
  const before = handleCount()
  const servers = await Promise.all(Array.from({ length: 30 }, listen))
  expect(handleCount()).toBeGreaterThanOrEqual(before + 30)
  await Promise.all(servers.map(close))
  expect(handleCount()).toBeLessThan(before + 15)
})

describe('expectNoLeak', () => {
  test('passes what closes everything', async () => {
    await expectNoLeak(async () => close(await listen()))
  })

  test('fails what leaves one handle open each time', async () => {
    const servers: Server[] = []
    const leak = expectNoLeak(async () => servers.push(await listen()), { times: 20 })
    await expect(leak).rejects.toThrow(/20 rounds/)
    await Promise.all(servers.map(close))
  })
})
