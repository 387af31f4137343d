// An echo through each layer, with nothing but what was installed.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'

const withoutKoffi = process.argv.includes('--without-koffi')
const name = () => `name:pack-${randomUUID().slice(0, 8)}`
const hello = Buffer.from('hello')

const layers = {
  async 'winsock-ffi'() {
    const { InetAddress, sockets } = await import('@uds/winsock-ffi')
    const listener = sockets.open('inet')
    sockets.bind(listener, new InetAddress('127.0.0.1', 0))
    sockets.listen(listener)
    const client = sockets.open('inet')
    sockets.connect(client, sockets.localAddress(listener))
    const server = sockets.accept(listener, { timeoutMs: 5000 })
    sockets.send(client, hello)
    const buffer = Buffer.alloc(5)
    assert.equal(sockets.recv(server, buffer, { timeoutMs: 5000 }), 5)
    assert.deepEqual(buffer, hello)
    for (const each of [client, server, listener]) each.close()
  },
  async pipes() {
    const { LocalStream } = await import('@uds/pipes')
    const [a, b] = LocalStream.pair()
    a.writeAll(hello)
    assert.deepEqual(Buffer.from(b.readExact(5)), hello)
    a.close()
    assert.equal(b.read(Buffer.alloc(5)), 0)
    b.close()
  },
  async stream() {
    const { connect, listen } = await import('@uds/stream')
    // Pipes that are not made by FFI have the system's access list: that has to be asked for.
    const options = withoutKoffi && process.platform === 'win32' ? { security: 'os-default' } : {}
    const server = await listen(name(), options)
    server.on('connection', (connection) => connection.pipe(connection))
    const connection = await connect(server.address)
    connection.write(hello)
    const [echoed] = await once(connection, 'data')
    assert.deepEqual(echoed, hello)
    connection.destroy()
    await server.close()
  },
  async events() {
    const { EventClient, EventServer } = await import('@uds/events')
    const address = withoutKoffi && process.platform === 'win32' ? 'tcp:127.0.0.1:0' : name()
    // A pipe is accepted by a thread, which takes seconds to start on a busy machine under Wine.
    const options = { handshakeTimeoutMs: 60_000 }
    const server = await EventServer.listen(address, options)
    server.handle('echo', (input) => input)
    const client = await EventClient.connect(server.address, options)
    assert.deepEqual(await client.request('echo', { text: 'hello' }), { text: 'hello' })
    await client.close()
    await server.close()
  },
  async 'wasi-host'() {
    const { WasiHost } = await import('@uds/wasi-host')
    // (module (memory (export "memory") 1) (func (export "_start")))
    const bytes =
      '0061736d01000000010401600000030201000503010001' +
      '071302066d656d6f72790200065f73746172740000' +
      '0a040102000b'
    assert.equal(await new WasiHost({}).run(Buffer.from(bytes, 'hex')), 0)
  },
}

const needKoffi = new Set(['winsock-ffi', 'pipes'])
for (const [layer, echo] of Object.entries(layers)) {
  if (withoutKoffi && needKoffi.has(layer))
    await assert.rejects(echo, /koffi/, `${layer} does not say what is missing`)
  else await echo()
}
console.log(`${Object.keys(layers).length} layers echoed`)
// Nothing may hold the process.
setTimeout(() => {
  console.error('something keeps the process alive')
  process.exit(1)
}, 10_000).unref()
