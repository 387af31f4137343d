/**
 * node-ipc's basic example: a client that says hello to `world` and prints the answer.
 * Usage: node src/node-ipc-client.ts [NAME | ADDRESS]
 */
// #region client
import { EventClient } from '@uds/events'
import type { World } from './node-ipc-world.ts'

const world = EventClient.open<World>(process.argv[2] ?? 'world', { name: 'hello' })

world.on('connect', () => console.log('connected to world'))
world.on('disconnect', () => console.log('disconnected from world'))

const answer = world.once('app.message')
world.emit('app.message', { id: 'hello', message: 'hello' }) // kept until there is a connection
const [data] = await answer
console.log(`got a message from world: ${data.message}`)
console.log(`the time there: ${await world.request('time', { timeoutMs: 2000 })}`)

await world.close()
// #endregion
