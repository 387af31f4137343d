/** One server for an address, and addresses for the children of a process. */
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeOf, freshName, socketPath, spawnScript, tempDir, until, type Spawned } from '@uds/testkit'
import { connect, listen, listenOrConnect, temporaryAddress, unix } from '@uds/stream'
import { closing, lineOf, onPosix } from './support.ts'

/** Debian's Wine has no AF_UNIX. */
const hasUnix = unix.capabilities.listen

const script = new URL('./fixtures/one-of-many.ts', import.meta.url)

const isServer = (process: Spawned): boolean => process.stdout().split('\n').includes('server')

describe('listenOrConnect', () => {
  test('the first caller is the server, the second its client', async () => {
    const address = `memory:${freshName()}`
    const first = await listenOrConnect(address)
    if (first.role !== 'server') throw new Error('the first caller found a server')
    closing(first.listener)
    first.listener.on('connection', (connection) => connection.end('welcome'))
    const second = await listenOrConnect(address)
    if (second.role !== 'client') throw new Error('the second caller became a server, too')
    expect(await lineOf(second.connection)).toBe('welcome')
    second.connection.destroy()
  })

  test('of four processes one is the server, and after its death another one', async () => {
    const address = `name:${freshName()}`
    const others = Array.from({ length: 4 }, () => spawnScript(script, [address]))
    await Promise.all(others.map((each) => each.waitForLine(/^(server|client)$/, 60_000)))
    const servers = others.filter(isServer)
    expect(servers).toHaveLength(1)
    await servers[0]!.kill('SIGKILL')
    const left = others.filter((each) => each !== servers[0])
    await until(() => left.some(isServer))
    const next = left.filter(isServer)
    await Promise.all(
      left.filter((each) => !isServer(each)).map((each) => each.waitForLine(/^client$/, 60_000)),
    )
    expect(left.filter(isServer)).toEqual(next)
    expect(next).toHaveLength(1)
  }, 90_000)

  test.skipIf(!onPosix)('the options of listen are those of the server', async () => {
    const path = socketPath()
    const found = await listenOrConnect(`unix:${path}`, {
      listen: { mode: 0o640 },
    })
    if (found.role !== 'server') throw new Error('there is a server already')
    closing(found.listener)
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })

  test.skipIf(!hasUnix)(
    'a file that is no socket is an error after a bounded time, not a wait for ever',
    async () => {
      const path = join(tempDir(), 'file')
      writeFileSync(path, 'text')
      expect(await codeOf(listenOrConnect(`unix:${path}`))).toBe('EADDRINUSE')
      expect(existsSync(path)).toBe(true)
    },
  )

  test.skipIf(!hasUnix)('a directory that is not there is the error of listen', async () => {
    expect(await codeOf(listenOrConnect(`unix:${join(tempDir(), 'none', 'socket')}`))).toBe('ENOENT')
  })

  test('an aborted signal ends it with its reason', async () => {
    const reason = new Error('enough')
    expect(
      await codeOf(listenOrConnect(`memory:${freshName()}`, { signal: AbortSignal.abort(reason) })),
    ).toBe(reason)
  })

  test('an unknown option is refused by name', async () => {
    const wrong = { listne: {} } as object
    expect(await codeOf(listenOrConnect(`memory:${freshName()}`, wrong))).toMatch(/^ERR_/)
  })

  test('so is one of either role, whichever this process would have', async () => {
    const address = `memory:${freshName()}`
    closing(await listen(address))
    const misspelt = { listen: { autorize: 'sameUser' } } as object
    expect(await codeOf(listenOrConnect(address, misspelt))).toBe('ERR_INVALID_ARG_VALUE')
    const other = { connect: { verifyServr: 'sameUser' } } as object
    expect(await codeOf(listenOrConnect(`memory:${freshName()}`, other))).toBe('ERR_INVALID_ARG_VALUE')
  })
})

describe('temporaryAddress', () => {
  test('programs meet there, and the address is gone after its disposal', async () => {
    const place = temporaryAddress()
    const server = closing(await listen(place.address))
    server.on('connection', (connection) => connection.end('hello'))
    const connection = await connect(place.address)
    expect(await lineOf(connection)).toBe('hello')
    connection.destroy()
    await server.close()
    place[Symbol.dispose]()
    expect(await codeOf(connect(place.address))).toBe('ENOENT')
  })

  test('no two are the same', () => {
    const places = Array.from({ length: 100 }, temporaryAddress)
    expect(new Set(places.map(({ address }) => address)).size).toBe(100)
    for (const place of places) place[Symbol.dispose]()
  })

  test.skipIf(!onPosix)('nobody else may enter its directory', () => {
    const place = temporaryAddress()
    const directory = dirname(place.address.slice('unix:'.length))
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    place[Symbol.dispose]()
    expect(existsSync(directory)).toBe(false)
  })

  test.skipIf(!onPosix)('a long TMPDIR does not make it too long', async () => {
    const long = join(tempDir(), 'x'.repeat(100))
    mkdirSync(long)
    chmodSync(long, 0o700)
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = long
    try {
      const place = temporaryAddress()
      const server = closing(await listen(place.address))
      expect(server.address).toBe(place.address)
      await server.close()
      place[Symbol.dispose]()
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
  })

  test.skipIf(!onPosix)('a process that exits leaves none', async () => {
    const child = spawnScript(new URL('./fixtures/temporary-address.ts', import.meta.url))
    const [, address] = await child.waitForLine(/^unix:(.+)$/)
    await once(child.process, 'exit')
    expect(existsSync(dirname(address!))).toBe(false)
  })
})
