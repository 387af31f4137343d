// unixevents mode. The fifth argument: `text` for the frames of unixevents, `native` for what two ends of this package
// go on in. Each burst is awaited: until it was written, or, in the native protocol, handled.
import { basename, dirname } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { Linker } from '../../src/index.ts'
import { arrivals, job, ready, result, text } from './subject.ts'

const { role, address, work, count } = job()
const upgrade = process.argv[6] === 'native' ? 'offer' : 'refuse'
const linker = new Linker({ directory: dirname(address), upgrade, maxQueueBytes: 64 * 1024 * 1024 })
if (role === 'server') linker.receive('message', work === 'send' ? () => {} : arrivals(count))
if (!(await linker.init(role, basename(address)))) throw linker.lastError
if (role === 'server') ready()
else {
  if (upgrade === 'offer') while (linker.upgraded === 0) await turn()
  const burst = 1000
  const run = async (total: number): Promise<void> => {
    for (let at = 0; at < total; at += burst) {
      for (let each = 1; each < burst; each++) linker.send('message', text)
      await linker.sendSync('message', text)
    }
  }
  if (work === 'send') await run(count / 5)
  ready()
  const startedAt = performance.now()
  await run(count)
  if (work === 'send') result(count, startedAt)
}
