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

let stopped = false
let wake: (() => void) | undefined
process.stdin.on('data', () => {
  stopped = true
  wake?.()
})

while (!stopped) {
  while (client.unacknowledged < WINDOW && !stopped) {
    const mine = ++number
    log.write(`s ${mine} ${process.pid}`)
    client.send(mine % 3 === 0 ? 'say later' : 'say', { client: name, number: mine }).then(
      () => {
        log.write(`a ${mine}`)
        wake?.()
      },
      (error: NodeJS.ErrnoException) => {
        log.write(`f ${mine} ${error.code ?? error.message}`)
        wake?.()
      },
    )
    if (journal !== undefined) setImmediate(() => log.write(`k ${mine}`))
    // Some ticks have one message, some have several.
    if (mine % 7 < 3) await new Promise((resolve) => setImmediate(resolve))
  }
  // The others need the processor, too.
  await delay(2)
  if (!stopped && client.unacknowledged >= WINDOW) await new Promise<void>((resolve) => (wake = resolve))
}
await client.flush()
console.log('done')
await client.close()
process.exit()
