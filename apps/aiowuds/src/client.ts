/** Sends a line to the server on ./test.sock of the working directory, and prints its reply. */
// #region client
import { openUnixConnection } from '@uds/stream'

const [reader, writer] = await openUnixConnection('./test.sock')
writer.write('hello world\n')
await writer.drain()
const line = await reader.readLine()
console.log(`reply: ${String(line).trimEnd()}`)
writer.close()
await writer.waitClosed()
// #endregion
