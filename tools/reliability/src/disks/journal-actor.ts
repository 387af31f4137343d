/** `journal-actor.ts [DIRECTORY, SYNCHRONOUS, COUNT]`: a server and a client with journals, in one process, and a history. */
import type { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { EventClient, EventServer } from '@uds/events'
import { Log } from '../deaths/logs.ts'

const [directory, synchronous, count] = JSON.parse(process.argv[2] ?? '') as [
  string,
  'normal' | 'full',
  number,
]
const history = new Log(join(directory, 'history'))
const address = 'memory:journals'

await EventServer.listen(address, {
  journal: { path: join(directory, 'server'), synchronous },
  setUp: (server) => {
    server.on('say', (number, _, { transaction }) => {
      const database = transaction as DatabaseSync
      // The log is written back often, so that the cut meets that, too.
      database.exec('PRAGMA wal_autocheckpoint = 60')
      database.exec('CREATE TABLE IF NOT EXISTS effects (id INTEGER PRIMARY KEY, number INTEGER)')
      database.prepare('INSERT INTO effects (number) VALUES (?)').run(number as number)
    })
  },
})
const client = await EventClient.connect(address, {
  journal: { path: join(directory, 'client'), synchronous },
})
console.log('ready')

const say = async (number: number): Promise<void> => {
  const sent = client.send('say', number)
  setImmediate(() => history.write(`k ${number}`))
  await sent
  history.write(`a ${number}`)
}
// One message in a tick, and then three.
const numbers = Array.from({ length: count }, (_, at) => at + 1)
for (let at = 0; at < count; at += 4) {
  await say(numbers[at]!)
  await Promise.all(numbers.slice(at + 1, at + 4).map(say))
}
// No end in order: the power goes.
process.kill(process.pid, 'SIGKILL')
