/**
 * Sends lines, waits for the acknowledgement of each, and prints what other clients send.
 *
 * Usage: node src/client.ts [PATH | ADDRESS] [LINE...]
 * Without lines it takes them from standard input, until that ends.
 */
import { createInterface } from 'node:readline'
// #region client
import { LineClient } from '@uds/events'
// #endregion

const [path = '/tmp/unix_socket.sock', ...given] = process.argv.slice(2)
const lines = given.length > 0 ? given : createInterface({ input: process.stdin })

// #region client
const client = await LineClient.connect({ path, retryUntilMs: 2000 })

const print = async (): Promise<void> => {
  for await (const line of client.lines()) console.log(`from another client: ${line}`)
}
const printing = print()

for await (const line of lines) {
  const ack = await client.sendAndWait(line)
  console.log(`reply: ${ack.trimEnd()} for ${line}`)
}
await client.exit()
await printing
// #endregion
