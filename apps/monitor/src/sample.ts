import { randomUUID } from 'node:crypto'
import { EventClient, EventServer } from '@uds/events'
import { report } from './report.ts'

interface Sample {
  events: { say: string; tick: number; position: { x: number; y: number } }
}

/** What the sample says. */
export const sampleNames: readonly (keyof Sample['events'])[] = ['say', 'tick', 'position']

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
    report(server, { channel, monitor })
    for (const name of sampleNames) server.on(name, () => {})
    ends.push(() => server.close({ graceMs: 0 }))
    for (const [at, name] of names.entries()) {
      const client = await EventClient.connect<Sample>(server.address, { name })
      let n = 0
      const values = { say: `hello from ${name}`, tick: n, position: { x: at, y: n } }
      const timer = setInterval(
        () => {
          n += 1
          client.emit(event, values[event])
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
