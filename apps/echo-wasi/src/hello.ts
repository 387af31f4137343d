/**
 * Runs a guest that asks greeter:7, which is a server of this program. The guest: tools/guests/c/hello.c
 * Usage: node src/hello.ts [hello.wasm] [NAME]
 */
// #region hello
import { createServer, type AddressInfo } from 'node:net'
import { WasiHost } from '@uds/wasi-host'

const server = createServer((guest) => guest.once('data', (name) => guest.end(`Hello, ${name}!\n`)))
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const { port } = server.address() as AddressInfo

const host = new WasiHost({
  args: process.argv.slice(2),
  // All that exists for the guest.
  sockets: { route: { 'greeter:7': `tcp:127.0.0.1:${port}` } },
})
process.exitCode = await host.run(process.argv[2] ?? 'hello.wasm')
server.close()
// #endregion
