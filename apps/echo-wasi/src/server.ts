/**
 * An echo server that is a WebAssembly guest. It knows nothing of addresses: the host hands it a listener.
 * Usage: node src/server.ts [unix:PATH | tcp:HOST:PORT | pipe:NAME]
 */
// #region server
import { WasiHost } from '@uds/wasi-host'
// #endregion
import { assemble } from './wat.ts'

const address = process.argv[2] ?? 'unix:./echo.sock'
const server = await assemble('server')
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())

// #region server
const host = new WasiHost({
  stdin: 'ignore',
  sockets: {
    listen: [address],
    onListening: ([where]) => console.log(`listening on ${where}`),
  },
})
await host.run(server, { signal: stop.signal }).catch((error: unknown) => {
  if (!stop.signal.aborted) throw error
})
// #endregion
