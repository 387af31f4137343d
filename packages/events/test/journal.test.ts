import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join as joinPath } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  codeOf,
  codeOfCall,
  isWindows,
  rejectionOf,
  spawnProgram,
  spawnScript,
  tempDir,
  until,
} from '@uds/testkit'
import { EventClient, EventServer } from '@uds/events'
import { byHand } from './fixtures/by-hand.ts'
import { join, serve, usual, watched } from './fixtures/ends.ts'

const sqlite = process.getBuiltinModule('node:sqlite')
const isRoot = process.geteuid?.() === 0

const authorize = ({ token }: { token: string | undefined }): boolean => token !== undefined
const place = (): string => joinPath(tempDir(), 'j.db')
const beside = (path: string): string[] =>
  readdirSync(joinPath(path, '..')).filter((file) => file.startsWith('j.db'))
const rows = (path: string, table: string): number => {
  const database = new sqlite.DatabaseSync(path)
  try {
    return Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'])
  } finally {
    database.close()
  }
}

describe.skipIf(sqlite === undefined)('a journal', () => {
  describe.skipIf(isWindows)('and other users', () => {
    test.each([0o000, 0o022, 0o077, 0o277])('its files have mode 0600 under the umask %o', async (umask) => {
      const [sent, handled] = [place(), place()]
      const before = process.umask(umask)
      onTestFinished(() => void process.umask(before))
      const server = await serve(`memory:${sent}`, { journal: { path: handled } })
      server.on('a', () => {})
      const client = await join(server.address, { journal: { path: sent } })
      await client.send('a', 1)
      for (const path of [sent, handled]) {
        expect(beside(path).length).toBeGreaterThan(2)
        for (const file of beside(path)) {
          expect(statSync(joinPath(path, '..', file)).mode & 0o777, file).toBe(0o600)
        }
      }
    })

    test.each(['', '-wal', '-lock'])('is refused when others can open the file j.db%s', async (end) => {
      const path = place()
      await (await join((await serve()).address, { journal: { path } })).close()
      for (const mode of [0o644, 0o640, 0o602]) {
        if (!existsSync(path + end)) writeFileSync(path + end, '')
        chmodSync(path + end, mode)
        const address = usual()
        const error = await rejectionOf(EventServer.listen(address, { journal: { path } }))
        expect(error).toMatchObject({ code: 'EACCES', address: path + end })
        expect(error.message).toContain('chmod 600')
        expect(codeOfCall(() => EventClient.open(address, { journal: { path } }))).toBe('EACCES')
      }
    })

    test.skipIf(!isRoot)('is refused when it belongs to another user', async () => {
      const path = place()
      writeFileSync(path, '', { mode: 0o600 })
      chownSync(path, 65_533, 65_533)
      expect(await codeOf(EventServer.listen(usual(), { journal: { path } }))).toBe('EACCES')
    })

    test('is no symbolic link that leads nowhere: a SocketError says so', async () => {
      const link = joinPath(tempDir(), 'link.db')
      symlinkSync('nowhere.db', link)
      const error = await rejectionOf(EventServer.listen(usual(), { journal: { path: link } }))
      expect(error).toMatchObject({ name: 'SocketError', code: 'ENOENT', address: link })
    })

    test('may be a symbolic link, and is locked where the link leads', async () => {
      const path = place()
      const link = joinPath(tempDir(), 'link.db')
      const first = EventServer.detached({ journal: { path } })
      symlinkSync(path, link)
      expect(codeOfCall(() => EventServer.detached({ journal: { path: link } }))).toBe('ERR_JOURNAL_IN_USE')
      await first.close()
      await EventServer.detached({ journal: { path: link } }).close()
    })
  })

  test('is open in one process at a time, and once in it; afterwards it can be opened again', async () => {
    const path = place()
    const server = await serve()
    server.on('number', () => {})
    const keeper = spawnScript(new URL('./fixtures/keeper.ts', import.meta.url), [
      usual(),
      `${path}.log`,
      path,
    ])
    await keeper.waitForLine(/ready/)
    const error = await rejectionOf(EventClient.connect(server.address, { journal: { path } }))
    expect(error).toMatchObject({ code: 'ERR_JOURNAL_IN_USE', address: path })
    await keeper.kill('SIGKILL')
    await keeper.exit
    const client = await join(server.address, { journal: { path } })
    expect(await codeOf(EventClient.connect(server.address, { journal: { path } }))).toBe(
      'ERR_JOURNAL_IN_USE',
    )
    expect(codeOfCall(() => EventServer.detached({ journal: { path } }))).toBe('ERR_JOURNAL_IN_USE')
    await client.send('number', 1)
    await client.close()
    await (await join(server.address, { journal: { path } })).send('number', 2)
  })

  test('that cannot be opened says what is wrong, as a SocketError, before anything listens', async () => {
    const directory = tempDir()
    const broken = joinPath(directory, 'broken.db')
    writeFileSync(broken, 'no database at all, but text that is long enough to look at'.repeat(100), {
      mode: 0o600,
    })
    const address = usual()
    for (const [path, code] of [
      [joinPath(directory, 'missing', 'j.db'), 'ENOENT'],
      [broken, 'ERR_JOURNAL_CORRUPT'],
      ...(isWindows ? [] : [[directory, 'EACCES'] as const]),
    ] as const) {
      const error = await rejectionOf(EventServer.listen(address, { journal: { path } }))
      expect(error).toMatchObject({ name: 'SocketError', code, syscall: 'journal' })
    }
    const server = await serve(address)
    expect(await codeOf(EventClient.connect(server.address, { journal: { path: ':memory:' } }))).toBe(
      'ERR_INVALID_ARG_VALUE',
    )
    expect(await codeOf(EventClient.connect(server.address, { journal: { path: 'file:x.db' } }))).toBe(
      'ERR_INVALID_ARG_VALUE',
    )
  })

  test('of a client that closes keeps what was not acknowledged, also what waited', async () => {
    const path = place()
    const address = `memory:${path}`
    const client = watched(EventClient.open(address, { journal: { path } }))
    const sends = [1, 2, 3].map((value) => client.send('a', value))
    await client.close()
    for (const sending of sends) expect(await codeOf(sending)).toBe('ERR_CLOSED')
    expect(rows(path, 'uds_sent')).toBe(3)
    const server = await serve(address)
    const got: unknown[] = []
    server.on('a', (value) => got.push(value))
    const again = await join(server.address, { journal: { path } })
    await again.flush()
    expect(got).toEqual([1, 2, 3])
    await again.close()
    expect(rows(path, 'uds_sent')).toBe(0)
  })

  test('keeps the order of what is sent in one tick, whatever kind it is', async () => {
    const server = await serve()
    const got: unknown[] = []
    server.on('a', (value) => got.push(value))
    server.handle('b', (value) => got.push(value))
    const client = await join(server.address, { journal: { path: place() } })
    const sends = [client.send('a', 1), client.send('a', 2)]
    client.emit('a', 3)
    sends.push(client.send('a', 4))
    const asked = client.request('b', 5)
    sends.push(client.send('a', 6))
    client.emit('a', 7)
    await Promise.all([...sends, asked, client.ping()])
    expect(got).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  test('reports each message of an earlier life that the server refuses', async () => {
    const path = place()
    const server = await serve()
    const nowhere = `memory:${path}`
    const sender = spawnScript(new URL('./fixtures/sender.ts', import.meta.url), [nowhere, path, '0', '5'])
    await sender.waitForLine(/said/)
    await sender.kill('SIGKILL')
    await sender.exit
    server.on('number', () => {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    })
    const client = watched(EventClient.open(server.address, { journal: { path } }))
    await client.flush()
    expect(client.errors.map((error) => (error as { code?: unknown }).code)).toEqual(
      Array.from({ length: 5 }, () => 'ENOSPC'),
    )
  })

  test('of a server forgets sessions that sent nothing for rememberMs', async () => {
    const path = place()
    const visit = async (rememberMs?: number): Promise<void> => {
      const server = await EventServer.listen(usual(), { journal: { path, rememberMs } })
      server.on('a', () => {})
      const client = await EventClient.connect(server.address)
      await client.send('a', 1)
      await client.close()
      await server.close()
    }
    for (let at = 0; at < 3; at++) await visit()
    expect(rows(path, 'uds_handled')).toBe(3)
    const database = new sqlite.DatabaseSync(path)
    database.prepare('UPDATE uds_handled SET at = at - ?').run(31 * 24 * 3600 * 1000)
    database.close()
    await visit(Infinity)
    expect(rows(path, 'uds_handled')).toBe(4)
    await visit()
    expect(rows(path, 'uds_handled')).toBe(2)
  })

  test('of a server keeps a session for its owner, over a restart too', async () => {
    const path = place()
    const first = await EventServer.listen(usual(), { journal: { path }, authorize })
    first.on('a', () => {})
    const client = await EventClient.connect(first.address, { token: 'ann' })
    const session = first.peers[0]?.id
    await client.send('a', 1)
    await client.close()
    await first.close()
    const second = await serve(usual(), { journal: { path }, authorize })
    expect(await (await byHand(second.address, { session, token: 'eve' })).closed).toBe('ERR_UNAUTHORIZED')
    const ann = await byHand(second.address, { session, token: 'ann' })
    await until(() => ann.frames.length > 0)
    expect(ann.code()).toBeUndefined()
  })
})

/** The files of a journal as they are now, under another name: what the disk had when the power went. */
const snapshot = (path: string): string => {
  const taken = place()
  for (const end of ['', '-wal']) if (existsSync(path + end)) copyFileSync(path + end, taken + end)
  for (const end of ['', '-wal']) if (existsSync(taken + end)) chmodSync(taken + end, 0o600)
  return taken
}

describe.skipIf(sqlite === undefined)('after a power cut', () => {
  test.each(['normal', 'full'] as const)(
    'no number is used again, or the receiver takes a new message for an old one (%s)',
    async (synchronous) => {
      const server = await serve()
      const got: unknown[] = []
      server.on('a', (value) => got.push(value))
      const path = place()
      const client = await join(server.address, { journal: { path, synchronous } })
      await client.send('a', 1)
      const disk = snapshot(path)
      await client.send('a', 2)
      await client.send('a', 3)
      const latest = snapshot(path)
      await client.close()
      // With `full` the disk has all that was acknowledged.
      const kept = synchronous === 'full' ? latest : disk
      const again = await join(server.address, { journal: { path: kept, synchronous } })
      await again.send('a', 4)
      expect(got).toEqual([1, 2, 3, 4])
    },
  )

  test('and without one, the numbers of a client that closed or was killed go on', async () => {
    const server = await serve()
    const ids: string[] = []
    server.on('a', (_, __, { id }) => void ids.push(id!.split(':')[1]!))
    const path = place()
    for (const value of [1, 2]) {
      const client = await join(server.address, { journal: { path } })
      await client.send('a', value)
      await client.close()
    }
    expect(ids).toEqual(['1', '2'])
  })

  test('synchronous has two values', async () => {
    const journal = { path: place(), synchronous: 'off' as 'full' }
    expect(await codeOf(EventServer.listen(usual(), { journal }))).toBe('ERR_INVALID_ARG_VALUE')
    expect(existsSync(journal.path)).toBe(false)
  })
})

// A limit on the size of files is what a full disk looks like that needs no disk: setrlimit(2).
describe.skipIf(sqlite === undefined || isWindows)('on a full disk', () => {
  interface Lived {
    acknowledged: number
    rejected: number
    codes: string[]
    told: string[]
  }
  const live = async (address: string, path: string, life: string, limit: string): Promise<Lived> => {
    const file = new URL('./fixtures/full-disk.ts', import.meta.url).pathname
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', file, address, path, life, '60']
    const child = spawnProgram('sh', ['-c', `${limit} exec "$@"`, 'sh', ...node])
    const [line] = await child.waitForLine(/^\{.*/)
    expect(await child.exit).toMatchObject({ code: 0 })
    return JSON.parse(line) as Lived
  }

  test('a send that cannot be kept rejects and never leaves; no number is used again; the process lives', async () => {
    const server = await serve()
    const handled: string[] = []
    server.on('note', (data, _, { redelivered }) => {
      const { life, at } = data as { life: string; at: number }
      // That a message is settled could not be kept either, so one may come again, and is marked.
      if (at >= 0 && !redelivered) handled.push(`${life}${at}`)
    })
    const path = place()
    const full = await live(server.address, path, 'a', 'ulimit -f 100;')
    expect(full.rejected).toBeGreaterThan(0)
    expect(full.acknowledged + full.rejected).toBe(60)
    expect(handled).toHaveLength(full.acknowledged)
    for (const code of [...full.codes, ...full.told]) expect(['ENOSPC', 'EIO']).toContain(code)
    expect(full.told.length).toBeGreaterThan(0)
    const roomy = await live(server.address, path, 'b', '')
    expect(roomy).toMatchObject({ acknowledged: 60, rejected: 0 })
    expect(handled).toHaveLength(full.acknowledged + 60)
    expect(new Set(handled).size).toBe(handled.length)
  })
})
