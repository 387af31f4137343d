/**
 * Runs get.py in a CPython that is a WASI guest. To the guest it is http://example.com/; the host leads it elsewhere.
 * Usage: node src/client.ts [PATH-OF-THE-SOCKET] [URL-PATH] [wait: jspi | worker | blocking]
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { needsPython } from '@uds/guests'
// #region host
import { WasiHost } from '@uds/wasi-host'
// #endregion

const [socket = './web.sock', urlPath = '/', wait = 'auto'] = process.argv.slice(2)
if (wait !== 'auto' && wait !== 'jspi' && wait !== 'worker' && wait !== 'blocking') {
  throw new Error(`no way of waiting: "${wait}" (expected auto, jspi, worker or blocking)`)
}
const python = needsPython()
if (python.missing) process.exit(1)
const kit = fileURLToPath(new URL('../../../packages/wasi-host/guest/python', import.meta.url))
const program = readFileSync(new URL('get.py', import.meta.url))

// #region host
const host = new WasiHost({
  args: ['python', '/app/get.py', urlPath],
  // Nothing is written to the kit.
  env: { PYTHONPATH: '/kit', PYTHONDONTWRITEBYTECODE: '1' },
  // The library of Python, and wasisocket.py.
  preopens: { '/usr/local': python.prefix, '/kit': kit },
  files: { '/app/get.py': program },
  // All that the guest can reach, and where it leads.
  sockets: { route: { 'example.com:80': `unix:${socket}` } },
  wait,
})
process.exitCode = await host.run(python.wasm)
// #endregion
