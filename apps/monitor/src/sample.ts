import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { EventClient, EventServer } from '@uds/events'
import { reportTo } from './report.ts'

interface Sample {
  events: { say: string; tick: number; position: { x: number; y: number } }
  requests: { history(last: number): string[] }
}

const events = ['say', 'tick', 'position'] as const

/** What the sample says and asks. */
export const sampleNames: readonly string[] = [...events, 'history']

const channels = {
  chat: { names: ['ann', 'bob', 'eve'], event: 'say', everyMs: 400 },
  sensors: { names: ['north', 'south'], event: 'tick', everyMs: 10 },
  players: { names: ['red', 'green', 'blue', 'yellow'], event: 'position', everyMs: 25 },
} as const

/** Three servers with clients that talk, for a page with something on it. */
export const sample = async (monitor: string): Promise<() => Promise<void>> => {
  const ends: (() => Promise<void>)[] = []
  for (const [channel, { names, event, everyMs }] of Object.entries(channels)) {
    const server = await EventServer.listen<Sample>(`${channel}-${randomUUID().slice(0, 8)}`)
    reportTo(server, { channel, monitor })
    for (const name of events) server.on(name, () => {})
    let asked = 0
    server.handle('history', async (last) => {
      await sleep(last)
      asked += 1
      if (asked % 5 === 0) throw Object.assign(new Error('none of that age'), { code: 'ENOENT' })
      return []
    })
    ends.push(() => server.close({ graceMs: 0 }))
    for (const [at, name] of names.entries()) {
      const client = await EventClient.connect<Sample>(server.address, { name })
      let n = 0
      const values = { say: `hello from ${name}`, tick: n, position: { x: at, y: n } }
      const timer = setInterval(
        () => {
          n += 1
          client.emit(event, values[event])
          if (n % 10 === 0) client.request('history', 5 + (n % 40)).catch(() => {})
        },
        everyMs * (at + 1),
      )
      ends.unshift(() => {
        clearInterval(timer)
        return client.close({ graceMs: 0 })
      })
    }
  }
  return async () => {
    for (const end of ends) await end()
  }
}
