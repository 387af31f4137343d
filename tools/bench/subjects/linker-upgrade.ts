// unixevents mode. The variant: `text` for the frames of unixevents, `native` for what two ends of this package
// go on in. Each burst is awaited: until it was written, or, in the native protocol, handled.
import { basename, dirname } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type * as Events from '@uds/events'
import { arrivals, checker, job, load, ready, textOf } from './subject.ts'

const { Linker } = (await load('events')) as typeof Events
const { role, address, count, size, variant } = job()
const text = textOf(size)
const upgrade = variant === 'native' ? 'offer' : 'refuse'
const linker = new Linker({ directory: dirname(address), upgrade, maxQueueBytes: 64 * 1024 * 1024 })
if (role === 'server') {
  const check = checker(size)
  const arrived = arrivals(count)
  linker.receive('message', (value: string) => {
    check(value)
    arrived()
  })
}
if (!(await linker.init(role, basename(address)))) throw linker.lastError
if (role === 'server') ready()
else {
  if (upgrade === 'offer') while (linker.upgraded === 0) await turn()
  const burst = 1000
  ready()
  for (let at = 0; at < count; at += burst) {
    for (let each = 1; each < burst; each++) linker.send('message', text)
    await linker.sendSync('message', text)
  }
}
