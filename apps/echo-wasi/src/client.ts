/**
 * An echo client that is a WebAssembly guest. It dials echo:7; the host decides where that leads.
 * Usage: node src/client.ts [unix:PATH | tcp:HOST:PORT | pipe:NAME] [TEXT]
 */
import { Writable } from 'node:stream'
// #region client
import { WasiHost } from '@uds/wasi-host'
// #endregion
import { assemble } from './wat.ts'

const address = process.argv[2] ?? 'unix:./echo.sock'
const text = process.argv[3] ?? 'hello from the other process'
const client = await assemble('client')

const chunks: Buffer[] = []
const stdout = new Writable({
  write: (chunk: Buffer, _encoding, done) => {
    chunks.push(chunk)
    done()
  },
})

// #region client
const host = new WasiHost({
  stdin: { text },
  stdout,
  sockets: { route: { 'echo:7': address } },
})
const exitCode = await host.run(client)
// #endregion
if (exitCode === 0) console.log(`reply: ${Buffer.concat(chunks)}`)
else console.error(`the guest ended with errno ${exitCode}; NODE_DEBUG=uds-wasi shows its calls`)
process.exitCode = exitCode === 0 ? 0 : 1
