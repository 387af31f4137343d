/** `server-actor.ts SETTINGS`: handles what clients say, and logs it, until it is killed. */
import type { DatabaseSync } from 'node:sqlite'
import { EventServer } from '@uds/events'
import { Log } from './logs.ts'

export interface ServerSettings {
  readonly address: string
  /** Where it logs what it handles; with a journal that is written in the journal's transactions. */
  readonly log: string
  readonly journal?: string
}

const { address, log: logFile, journal } = JSON.parse(process.argv[2] ?? '') as ServerSettings
const log = new Log(logFile)
const life = String(process.pid)

interface Said {
  readonly client: string
  readonly number: number
}

const record = ({ client, number }: Said, redelivered: boolean, transaction: unknown): void => {
  if (transaction === undefined) log.write(`${client} ${number} ${redelivered ? 1 : 0} ${life}`)
  else {
    const database = transaction as DatabaseSync
    database.exec(
      'CREATE TABLE IF NOT EXISTS effects (id INTEGER PRIMARY KEY, client TEXT, number INTEGER, redelivered INTEGER, life TEXT)',
    )
    database
      .prepare('INSERT INTO effects (client, number, redelivered, life) VALUES (?, ?, ?, ?)')
      .run(client, number, redelivered ? 1 : 0, life)
  }
}

await EventServer.listen(address, {
  ...(journal !== undefined && { journal: { path: journal } }),
  setUp: (server) => {
    server.on('error', (error) =>
      console.log(`error ${(error as NodeJS.ErrnoException).code ?? error.message}`),
    )
    server.on('say', (data, _, { redelivered, transaction }) => {
      record(data as Said, redelivered, transaction)
    })
    // A handler that is not done at once.
    server.on('say later', async (data, _, { redelivered, transaction }) => {
      record(data as Said, redelivered, transaction)
      await new Promise((resolve) => setImmediate(resolve))
    })
  },
})
console.log('ready')
