/**
 * Says a text in three ways, prints the replies, and counts round trips for a second.
 * Usage: node src/client.ts [name or address] [text]
 */
// #region client
import { EventClient } from '@uds/events'
import type { Echo } from './echo.ts'

const [, , address = 'echo', message = 'hello'] = process.argv
const client = await EventClient.connect<Echo>(address, { retryUntilMs: 5000 })

console.log(`reply: ${await client.request('echo', message, { timeoutMs: 2000 })}`)

const heard = client.once('shout')
await client.send('shout', message) // acknowledged; emit() would not wait
console.log(`event: ${(await heard)[0]}`)

const letters: string[] = []
for await (const letter of client.stream('spell', message)) letters.push(letter)
console.log(`stream: ${letters.join(' ')}`)
// #endregion

const end = performance.now() + 1000
let rounds = 0
for (; performance.now() < end; rounds += 1) await client.request('echo', 'ping')
console.log(`${rounds} round trips per second`)
// #region client
await client.close()
// #endregion
