/**
 * winpipe's example: greets the server and prints what it says.
 * Usage: node src/winpipe-client.ts [NAME | unix:PATH | pipe:NAME]
 */
// #region client
import { LocalStream } from '@uds/pipes'

const stream = LocalStream.connectWithTimeout(process.argv[2] ?? 'my_pipe_is_cool', 5000)
stream.setWriteTimeout(5000)
stream.setReadTimeout(5000)

stream.writeAll(Buffer.from('Hello World'))
const buffer = Buffer.alloc(64)
const received = stream.read(buffer)
console.log(`received ${buffer.toString('utf8', 0, received)}`)
stream.close()
// #endregion
