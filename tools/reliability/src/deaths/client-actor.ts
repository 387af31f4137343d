/** `client-actor.ts SETTINGS`: sends numbers, and logs what became of them, until a line or a signal ends it. */
import { setTimeout as delay } from 'node:timers/promises'
import { EventClient } from '@uds/events'
import { lastNumber, Log } from './logs.ts'

export interface ClientSettings {
  readonly address: string
  readonly name: string
  readonly log: string
  readonly journal?: string
}

/** So many are under way at a time. */
const WINDOW = 100

const { address, name, log: logFile, journal } = JSON.parse(process.argv[2] ?? '') as ClientSettings
let number = lastNumber(logFile)
const log = new Log(logFile)

const client = EventClient.open(address, {
  name,
  reconnect: { initialMs: 10, maxMs: 100 },
  ...(journal !== undefined && { journal: { path: journal } }),
})
client.on('error', (error) => console.log(`error ${(error as NodeJS.ErrnoException).code ?? error.message}`))
const kept = client.unacknowledged
console.log(`ready ${kept}`)

const stop = new AbortController()
let wake: (() => void) | undefined
process.stdin.on('data', () => {
  stop.abort()
  wake?.()
})

const say = async (mine: number): Promise<void> => {
  log.write(`s ${mine} ${process.pid}`)
  const sent = client.send(mine % 3 === 0 ? 'say later' : 'say', { client: name, number: mine })
  if (journal !== undefined) setImmediate(() => log.write(`k ${mine}`))
  try {
    await sent
    log.write(`a ${mine}`)
  } catch (error) {
    log.write(`f ${mine} ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
  wake?.()
}

while (!stop.signal.aborted) {
  while (client.unacknowledged < WINDOW && !stop.signal.aborted) {
    const mine = ++number
    void say(mine)
    // Some ticks have one message, some have several.
    if (mine % 7 < 3) await new Promise((resolve) => setImmediate(resolve))
  }
  // The others need the processor, too.
  await delay(2)
  if (!stop.signal.aborted && client.unacknowledged >= WINDOW)
    await new Promise<void>((resolve) => (wake = resolve))
}
await client.flush()
console.log('done')
await client.close()
process.exit()
