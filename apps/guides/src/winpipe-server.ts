/**
 * winpipe's example: greets each client and prints what it says.
 * Usage: node src/winpipe-server.ts [NAME | unix:PATH | pipe:NAME]
 */
// #region server
import { LocalListener } from '@uds/pipes'

// A bare name is a pipe on Windows and a socket elsewhere; WinListener.bind('\\\\.\\pipe\\name') is winpipe's own.
const listener = LocalListener.bind(process.argv[2] ?? 'my_pipe_is_cool')
console.log(`listening on ${listener.localAddr()}`)

for (const stream of listener.incoming()) {
  stream.setWriteTimeout(5000)
  stream.setReadTimeout(5000)

  stream.writeAll(Buffer.from('Hello World'))
  const buffer = Buffer.alloc(64)
  const received = stream.read(buffer)
  console.log(`received ${buffer.toString('utf8', 0, received)}`)
  stream.close() // nothing is dropped by itself: JavaScript has no destructors
}
// #endregion
