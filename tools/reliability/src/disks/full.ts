/** Full and read-only disks, under journals and under the directory of a socket. */
import { readdirSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { EventClient, EventServer } from '@uds/events'
import { UnixDatagram, UnixListener } from '@uds/pipes'
import { connect, listen } from '@uds/stream'
import { UnixDatagramSocket } from '@uds/stream/datagram'
import { listed } from '../deaths/history.ts'
import { rootIsMissing } from '../trials/programs.ts'
import type { Trial } from '../trials/trial.ts'
import { SmallDisk } from './small-disk.ts'

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)
/** What a door says of a disk on which nothing can be written. */
const EXPECTED = new Set(['ENOSPC', 'EROFS', 'EACCES', 'ENOENT', 'EADDRINUSE'])

const TEXT = 'y'.repeat(2000)

interface Sent {
  readonly acknowledged: Set<number>
  readonly refused: Map<number, string>
}

const sendAll = async (client: EventClient, numbers: readonly number[], sent: Sent): Promise<void> => {
  const { acknowledged, refused } = sent
  await Promise.all(
    numbers.map(async (number) => {
      try {
        await client.send('say', { number, text: TEXT })
        acknowledged.add(number)
      } catch (error) {
        refused.set(number, codeOf(error))
      }
    }),
  )
}

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at)

/** @param whose - the journal on the disk that is full */
export const fullJournal = (whose: 'client' | 'server'): Trial => ({
  impossible: rootIsMissing,
  run: async ({ directory }) => {
    using disk = new SmallDisk(directory, 'size=600k')
    const address = `unix:${join(directory, 's')}`
    const place = (which: 'client' | 'server'): string => join(which === whose ? disk.path : directory, which)
    const effects: number[] = []
    const codes = new Set<string>()
    const sent: Sent = { acknowledged: new Set(), refused: new Map() }
    const server = await EventServer.listen(address, {
      journal: { path: place('server') },
      setUp: (made) => {
        made.on('error', (error) => codes.add(codeOf(error)))
        made.on('say', (data, _, { transaction }) => {
          const database = transaction as DatabaseSync
          database.exec(
            'CREATE TABLE IF NOT EXISTS effects (id INTEGER PRIMARY KEY, number INTEGER, text TEXT)',
          )
          const { number, text } = data as { number: number; text: string }
          database.prepare('INSERT INTO effects (number, text) VALUES (?, ?)').run(number, text)
        })
      },
    })
    const client = await EventClient.connect(address, { journal: { path: place('client') } })
    client.on('error', (error) => codes.add(codeOf(error)))
    const problems: string[] = []
    try {
      await sendAll(client, numbers(1, 20), sent)
      disk.fill()
      for (let at = 0; at < 10; at += 1) await sendAll(client, numbers(100 + at * 10, 10), sent)
      disk.empty()
      for (let at = 0; at < 20; at += 1) await sendAll(client, [1000 + at], sent)
    } finally {
      await client.close()
      await server.close()
    }
    const sqlite = process.getBuiltinModule('node:sqlite')
    const database = new sqlite.DatabaseSync(place('server'), { readOnly: true })
    for (const row of database.prepare('SELECT number FROM effects').all())
      effects.push(Number(row['number']))
    database.close()
    const there = new Set(effects)
    const late = [...sent.refused.keys()].filter((number) => number >= 1000 || number < 100)
    const lost = [...sent.acknowledged].filter((number) => !there.has(number))
    // What was refused was not handled, and the sender may say it again.
    const both = whose === 'server' ? [...sent.refused.keys()].filter((number) => there.has(number)) : []
    problems.push(
      ...listed('lost although acknowledged', lost.map(String)),
      ...listed('refused, and handled all the same', both.map(String)),
      ...listed(
        'refused while there is room',
        late.map((number) => `${number} ${sent.refused.get(number)}`),
      ),
      ...(there.size === effects.length ? [] : ['a message was handled twice']),
      ...(sent.refused.size > 0 ? [] : ['nothing was refused: the disk was not full']),
    )
    for (const code of [...sent.refused.values(), ...codes])
      if (!['ENOSPC', 'EIO'].includes(code)) problems.push(`a code that says nothing: ${code}`)
    return {
      tried: sent.acknowledged.size + sent.refused.size,
      counts: `${sent.acknowledged.size} acknowledged, ${sent.refused.size} refused (${[...new Set(sent.refused.values())].join(', ')})`,
      problems: [...new Set(problems)],
    }
  },
})

/** A disk that became read-only since the journals were made: what opens them says so, and works when it is writable. */
export const readOnlyJournals: Trial = {
  impossible: rootIsMissing,
  run: async ({ directory }) => {
    using disk = new SmallDisk(directory, 'size=600k')
    const journal = (which: string): { readonly path: string } => ({ path: join(disk.path, which) })
    const problems: string[] = []
    const opened: (() => Promise<unknown>)[] = []
    const handled: unknown[] = []
    const open = async (): Promise<void> => {
      const server = await EventServer.listen('memory:read-only', {
        journal: journal('server'),
        setUp: (made) => void made.on('say', (data) => void handled.push(data)),
      })
      opened.push(() => server.close())
      const client = await EventClient.connect('memory:read-only', { journal: journal('client') })
      opened.push(() => client.close())
      await client.send('say', handled.length)
    }
    const closeAll = async (): Promise<void> => {
      for (const close of opened.splice(0).toReversed()) await close()
    }
    const plain = await EventServer.listen('memory:without')
    await open()
    await closeAll()
    disk.readOnly()
    const tries: [string, () => Promise<unknown>][] = [
      ['EventServer.listen', () => EventServer.listen('memory:read-only', { journal: journal('server') })],
      ['EventClient.connect', () => EventClient.connect('memory:without', { journal: journal('client') })],
    ]
    for (const [name, attempt] of tries) {
      try {
        await attempt()
        problems.push(`${name} opens a journal that it cannot write`)
      } catch (error) {
        if (!EXPECTED.has(codeOf(error))) problems.push(`${name}: ${(error as Error).message}`)
      }
    }
    disk.writable()
    await open()
    await closeAll()
    await plain.close()
    if (handled.length !== 2) problems.push(`${handled.length} messages were handled, not 2`)
    return { tried: tries.length, counts: 'journals of a client and a server', problems }
  },
}

/** What makes a file in the directory of a socket. */
const doors: Readonly<Record<string, (path: string) => unknown>> = {
  listen: (path) => listen(`unix:${path}`),
  'listen with a mode': (path) => listen(`unix:${path}`, { mode: 0o600 }),
  'take over': (path) => listen(`unix:${path}`, { takeOver: true }),
  'UnixListener.bind': (path) => UnixListener.bind(path),
  'UnixListener.bind with a mode': (path) => UnixListener.bind(path, { mode: 0o600 }),
  'UnixDatagram.bind': (path) => UnixDatagram.bind(path),
  'UnixDatagramSocket.bind': (path) => UnixDatagramSocket.bind(`unix:${path}`),
  'EventServer.listen': (path) => EventServer.listen(`unix:${path}`),
  'EventServer.listen with a journal': (path) =>
    EventServer.listen(`unix:${path}`, { journal: { path: `${path}-j` } }),
}

const close = async (handle: unknown): Promise<void> => {
  await (handle as { close(): unknown }).close()
}

/** A directory in which nothing can be made: every door says so, leaves nothing, and works when there is room. */
export const fullDirectory = (how: 'full' | 'read-only'): Trial => ({
  impossible: rootIsMissing,
  run: async ({ directory }) => {
    using disk = new SmallDisk(directory, 'size=400k,nr_inodes=24')
    const problems: string[] = []
    const path = join(disk.path, 's')
    const old = await listen(`unix:${join(disk.path, 'old')}`)
    old.on('connection', (connection) => connection.end('x'))
    for (const [name, door] of Object.entries(doors)) {
      if (how === 'full') disk.fillNames()
      else disk.readOnly()
      const before = readdirSync(disk.path)
      try {
        await close(await door(path))
        problems.push(`${name} works where nothing can be made`)
      } catch (error) {
        if (!EXPECTED.has(codeOf(error))) problems.push(`${name}: ${(error as Error).message}`)
      }
      const left = readdirSync(disk.path).filter((each) => !before.includes(each))
      if (left.length > 0) problems.push(`${name} leaves ${left.join(', ')}`)
      // Who is there already is served.
      const connection = await connect(old.address)
      connection.on('error', () => {})
      connection.destroy()
      if (how === 'full') disk.emptyNames()
      else disk.writable()
      try {
        await close(await door(path))
      } catch (error) {
        problems.push(`${name} does not work afterwards: ${(error as Error).message}`)
      }
    }
    await old.close({ graceMs: 0 })
    const tried = Object.keys(doors).length
    return { tried, counts: `${tried} ways to make a socket file`, problems }
  },
})
