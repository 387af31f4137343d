/**
 * Answers `OK: ` and the line to every line, on ./test.sock of the working directory, until SIGINT or SIGTERM; then it
 * removes the file.
 */
// #region server
import { startUnixServer, type StreamReader, type StreamWriter } from '@uds/stream'

const handleClient = async (reader: StreamReader, writer: StreamWriter): Promise<void> => {
  console.log('client connected')
  try {
    for await (const line of reader) {
      writer.write(`OK: ${String(line)}`)
      await writer.drain()
    }
  } finally {
    writer.close()
    await writer.waitClosed()
    console.log('client disconnected')
  }
}

const server = await startUnixServer(handleClient, './test.sock')
console.log(`listening on ${server.path}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void server.close({ graceMs: 0 }))
// #endregion
