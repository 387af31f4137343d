/**
 * Echoes what its clients send, one client after the other, until it is stopped.
 * Usage: node src/server.ts [NAME | unix:PATH | pipe:NAME]
 */
// #region server
import { setImmediate as turn } from 'node:timers/promises'
import { LocalListener, SocketError, type LocalStream } from '@uds/pipes'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())

const listener = LocalListener.bind(process.argv[2] ?? 'echo-pipes')
console.log(`listening on ${listener.localAddr()}`)

const echo = (stream: LocalStream): void => {
  const buffer = Buffer.alloc(65_536)
  for (let n; (n = stream.read(buffer)) > 0;) stream.writeAll(buffer.subarray(0, n))
}

while (!stop.signal.aborted) {
  try {
    // A blocked thread hears no signal, so it looks up four times a second.
    const stream = listener.accept({ timeoutMs: 250 })
    try {
      stream.setReadTimeout(60_000)
      echo(stream)
    } finally {
      stream.close()
    }
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
    // A client that breaks off is no reason to stop serving the others.
    if (error.syscall !== 'accept' && error.syscall !== 'ConnectNamedPipe') console.error(error.message)
  }
  await turn()
}

listener.close()
// #endregion
