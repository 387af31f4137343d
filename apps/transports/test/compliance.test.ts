import { join } from 'node:path'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { connect, tcp, type Transport } from '@uds/stream'
// #region compliance
import { applies, complianceCases } from '@uds/stream/compliance'
// #endregion
import { gpgAgent } from '../src/gpg-agent.ts'
import { stdio } from '../src/stdio.ts'

const file = (): string => `gpg:${join(tempDir(), 'S.agent')}`

// #region compliance
const suite = (transport: Transport, address: () => string): void => {
  for (const each of complianceCases) {
    if (!applies(each, transport)) continue
    test(`${each.id} ${each.name}`, async () => {
      await expect(each.run({ transport, address })).resolves.toBeUndefined()
    })
  }
}

describe('gpg-agent', () => {
  suite(gpgAgent, file)
})
describe('stdio', () => {
  suite(stdio, () => 'stdio:no-such-program')
})
// #endregion

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('what these two have of their own', () => {
  const program = new URL('fixtures/echo.mjs', import.meta.url).pathname.replace(/^\/(?=[A-Z]:)/, '')

  test('stdio talks to a child process, with half close', async () => {
    const connection = await connect(`stdio:${process.execPath} ${program}`, {
      transport: stdio,
      allowHalfOpen: true,
    })
    connection.end('there and back')
    expect(await text(connection)).toMatch(/^\d+\nthere and back$/)
  })

  test('the child of a connection that is destroyed ends', async () => {
    const connection = await stdio.connect(`stdio:${process.execPath} ${program}`)
    const [pid] = (await once(connection, 'data')) as [Buffer]
    connection.destroy()
    // Signal 0 only asks whether the process is there (kill(2)).
    await expect.poll(() => isAlive(Number(pid)), { timeout: 10_000 }).toBe(false)
  })

  test('the file of the agent is as GnuPG writes it, and a wrong nonce is refused', async () => {
    const address = file()
    const server = await gpgAgent.listen(address)
    try {
      const bytes = readFileSync(address.slice(4))
      expect(bytes.toString('latin1')).toMatch(/^\d+\n[^]{16}$/)
      const told = once(server, 'connectionError')
      const port = Number.parseInt(bytes.toString('latin1'), 10)
      const rude = await tcp.connect({ scheme: 'tcp', host: '127.0.0.1', port })
      rude.resume().write(Buffer.alloc(16))
      const [error] = await told
      expect(String(error)).toContain('the nonce is wrong')
      rude.destroy()
    } finally {
      await server.close()
    }
  })

  test('a file without a port is ENOTSOCK', async () => {
    const address = file()
    writeFileSync(address.slice(4), 'hello')
    await expect(gpgAgent.connect(address)).rejects.toMatchObject({ code: 'ENOTSOCK' })
  })
})
