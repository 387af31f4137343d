/** Programs that nobody here wrote, at the other end. */
import { describe, expect, test } from 'vitest'
import { needs, spawnProgram, spawnScript, windowsProgram } from '@uds/testkit'
import { acting } from './actors.ts'
import { bytes, expectCode } from './expect.ts'
import { kindsHere, unix, win } from './kinds.ts'

const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)

/** What Node's own net reaches under a path: AF_UNIX on POSIX, a named pipe on Windows. */
const native = win.here ? win : unix

// Processes start slowly on a busy machine, most of all under Wine.
const SLOW = { timeout: 60_000 }

describe("Node's own net", SLOW, () => {
  test('connects to our listener', async () => {
    const address = native.fresh()
    const listener = native.bind(address)
    const server = await acting({ do: 'serve', connections: 1 }, listener.transfer())
    const client = spawnScript(fixture('node-net.ts'), ['ask', address, 'from node:net'])
    await client.waitForLine(/^from node:net$/)
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect((await server.done).code).toBeUndefined()
  })

  test('listens, and we connect', async () => {
    const address = native.fresh()
    const server = spawnScript(fixture('node-net.ts'), ['serve', address])
    await server.waitForLine(/^listening$/)
    const client = native.connect(address)
    const data = Buffer.alloc(300_000, 'abcdefg')
    const writer = await acting({ do: 'write', data }, client.tryClone().transfer())
    expect(Buffer.from(client.readExact(data.length)).equals(data)).toBe(true)
    await writer.done
    client.close()
    expect(await server.exit).toEqual({ code: 0, signal: null })
  })
})

const python3 = needs('python3')
const socat = needs('socat')

const PYTHON_SERVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
print("listening", flush=True)
c, _ = s.accept()
while (data := c.recv(65536)): c.sendall(data)
c.close()
`
const PYTHON_CLIENT = `
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b"from python"); s.shutdown(socket.SHUT_WR)
got = b""
while (data := s.recv(65536)): got += data
print(got.decode(), flush=True)
`
const PYTHON_FD = `
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
r, w = os.pipe()
os.write(w, b"through a pipe"); os.close(w)
socket.send_fds(s, [b"x"], [r])
`

describe.skipIf(python3.missing || !unix.here || win.here)('python3', SLOW, () => {
  test('listens, and we connect', async () => {
    const path = unix.fresh()
    const server = spawnProgram(python3.path, ['-c', PYTHON_SERVER, path])
    await server.waitForLine(/^listening$/)
    const client = unix.connect(path)
    client.writeAll(bytes('to python'))
    client.shutdown('write')
    expect(client.readToEnd().toString()).toBe('to python')
    client.close()
    expect((await server.exit).code).toBe(0)
  })

  test('connects, and we listen', async () => {
    const path = unix.fresh()
    const listener = unix.bind(path)
    const server = await acting({ do: 'serve', connections: 1 }, listener.transfer())
    const client = spawnProgram(python3.path, ['-c', PYTHON_CLIENT, path])
    await client.waitForLine(/^from python$/)
    expect((await server.done).code).toBeUndefined()
  })

  test('sends a descriptor, and its credentials are those of its process', async () => {
    const path = unix.fresh()
    const { UnixListener } = await import('../src/index.ts')
    const listener = UnixListener.bind(path)
    const client = spawnProgram(python3.path, ['-c', PYTHON_FD, path])
    const stream = listener.accept({ timeoutMs: 10_000 })
    const { descriptors } = stream.receiveDescriptors(Buffer.alloc(1), 1, { timeoutMs: 10_000 })
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(descriptors[0]!.fd, 'utf8')).toBe('through a pipe')
    expect(stream.peerCredentials().pid).toBe(client.pid)
    descriptors[0]!.close()
    stream.close()
    listener.close()
  })
})

describe.skipIf(socat.missing || !unix.here || win.here)('socat', SLOW, () => {
  test('connects, and we listen', async () => {
    const path = unix.fresh()
    const listener = unix.bind(path)
    const server = await acting({ do: 'serve', connections: 1 }, listener.transfer())
    const client = spawnProgram(socat.path, ['-', `UNIX-CONNECT:${path}`], { input: 'from socat\n' })
    await client.waitForLine(/^from socat$/)
    expect((await server.done).code).toBeUndefined()
  })

  test('listens, and we connect', async () => {
    const path = unix.fresh()
    spawnProgram(socat.path, [`UNIX-LISTEN:${path}`, 'EXEC:cat'])
    const client = unix.connectWithTimeout(path, 10_000)
    client.writeAll(bytes('to socat'))
    client.shutdown('write')
    expect(client.readToEnd().toString()).toBe('to socat')
    client.close()
  })
})

describe.skipIf(!win.here)('cmd.exe', SLOW, () => {
  test('writes into a pipe of ours', async () => {
    const name = win.fresh()
    const listener = win.bind(name)
    spawnProgram('cmd.exe', ['/d', '/c', `echo from cmd> ${name}`])
    const stream = listener.accept({ timeoutMs: 10_000 })
    stream.setReadTimeout(10_000)
    expect(stream.readToEnd().toString().trim()).toBe('from cmd')
    stream.close()
    listener.close()
  })

  test('reads from a pipe of ours until its end', async () => {
    const name = win.fresh()
    const listener = win.bind(name)
    const cmd = spawnProgram('cmd.exe', ['/d', '/c', `type ${name}`])
    const stream = listener.accept({ timeoutMs: 10_000 })
    stream.writeAll(bytes('to cmd\r\n'))
    stream.close({ flushMs: 5000 })
    expect((await cmd.waitForLine(/^to cmd/))[0]).toBe('to cmd')
    listener.close()
  })
})

const peer = windowsProgram(fixture('peer.windows.c'))

describe.skipIf(peer.missing || !win.here)('a Windows program in C', SLOW, () => {
  test('connects with CreateFile, and we listen', async () => {
    const name = win.fresh()
    const listener = win.bind(name)
    const server = await acting({ do: 'serve', connections: 1 }, listener.transfer())
    const client = spawnProgram(peer.path, ['client', name, 'from C'])
    await client.waitForLine(/^got from C/)
    expect((await server.done).code).toBeUndefined()
  })

  test('listens with CreateNamedPipe, and we connect', async () => {
    const name = win.fresh()
    const server = spawnProgram(peer.path, ['server', name])
    await server.waitForLine(/^listening/)
    const client = win.connect(name)
    client.writeAll(bytes('to C'))
    expect(client.readExact(4).toString()).toBe('to C')
    expect(client.read(Buffer.alloc(1))).toBe(0)
    client.close()
    expect((await server.exit).code).toBe(0)
  })
})

describe.each(kindsHere)('a peer of $name that is killed', SLOW, (kind) => {
  test('in the middle of our write: EPIPE, and what it had echoed before is here', async () => {
    const address = kind.fresh()
    const server = spawnScript(fixture('killed.ts'), [address])
    await server.waitForLine(/^listening$/)
    const client = kind.connect(address)
    client.setReadTimeout(10_000)
    client.writeAll(bytes('echo'))
    expect(client.readExact(4).toString()).toBe('echo')
    // It kills itself when it has read some of this, and never reads the rest.
    expectCode('EPIPE', () => client.write(Buffer.alloc(2 ** 24)))
    expect(client.read(Buffer.alloc(8))).toBe(0)
    client.close()
    await server.exit
  })
})
