/**
 * Sends a text, prints the reply, and counts round trips for a second.
 * Usage: node src/client.ts [address] [text]
 */
// #region client
import { once } from 'node:events'
import { connect } from '@uds/stream'

const [, , address = 'name:echo', message = 'hello'] = process.argv
const connection = await connect(address, { retryUntilMs: 5000 })

connection.setEncoding('utf8').write(message)
let reply = ''
while (reply.length < message.length) {
  const [text] = (await once(connection, 'data')) as [string]
  reply += text
}
console.log(`reply: ${reply}`)
// #endregion

const end = performance.now() + 1000
let rounds = 0
await new Promise<void>((resolve) => {
  connection.on('data', () => {
    rounds += 1
    if (performance.now() >= end) resolve()
    else connection.write('ping')
  })
  connection.write('ping')
})
console.log(`${rounds} round trips per second`)
// #region client
connection.end()
// #endregion
