/** Runs http-get.py in a guest. Usage: http-client.ts WAIT given|dialled PORT WASM [PREFIX]; prints microseconds. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { WasiHost, type WaitMode } from '../src/index.ts'

const [wait, how = '', port = '', wasm = '', prefix] = process.argv.slice(2)
const host = new WasiHost({
  wait: wait as WaitMode,
  args: ['python', '-c', readFileSync(join(import.meta.dirname, 'http-get.py'), 'utf8'), how, port],
  env: { PYTHONPATH: '/kit', PYTHONDONTWRITEBYTECODE: '1' },
  stdin: 'ignore',
  preopens:
    prefix === undefined
      ? {}
      : { '/usr/local': prefix, '/kit': join(import.meta.dirname, '../guest/python') },
  sockets:
    how === 'given'
      ? { connected: [`tcp:127.0.0.1:${port}`] }
      : { allow: [`connect:127.0.0.1:${port}`, 'resolve:127.0.0.1'] },
})
process.exitCode = await host.run(wasm)
