/**
 * Sends a line, prints the reply, and counts round trips for a second at most.
 * Usage: node src/client.ts [NAME | unix:PATH | pipe:NAME] [TEXT]
 */
// #region client
import { LocalStream } from '@uds/pipes'

const [, , address = 'echo-pipes', text = 'hello from the other process'] = process.argv
const stream = LocalStream.connectWithTimeout(address, 5000)
stream.setReadTimeout(5000)
stream.setWriteTimeout(5000)

const message = Buffer.from(text)
stream.writeAll(message)
console.log(`reply: ${stream.readExact(message.length)}`)
// #endregion

const ping = Buffer.alloc(64, 'x')
const pong = Buffer.alloc(64)
const from = performance.now()
let rounds = 0
while (rounds < 20_000 && performance.now() - from < 1000) {
  stream.writeAll(ping)
  stream.readExact(pong)
  rounds += 1
}
console.log(`${Math.round((rounds / (performance.now() - from)) * 1000)} round trips per second`)
// #region client
stream.close()
// #endregion
