/** `storm-clients-actor.ts [ADDRESS, COUNT]`: clients that come back; a line `measure` waits until all are there again. */
import { createInterface } from 'node:readline'
import { EventClient } from '@uds/events'

const [address, count] = JSON.parse(process.argv[2] ?? '') as [string, number]
const clients: EventClient[] = []
/** When each client had its last connection: milliseconds since 1970, which all processes share. */
const times: number[] = []

for (let at = 0; at < count; at += 1) {
  const client = await EventClient.connect(address, { retryUntilMs: 20_000 })
  client.on('error', () => {})
  client.on('connect', () => (times[at] = performance.timeOrigin + performance.now()))
  clients.push(client)
}
console.log('ready')

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'forget') times.length = 0
  else if (line === 'times')
    console.log(`times ${JSON.stringify(times.filter((each) => each !== undefined))}`)
})
