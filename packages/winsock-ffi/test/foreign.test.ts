/** A peer that nobody here wrote: Python's socket module, in both directions. */
import { needs, socketPath, spawnProgram } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { capabilities, sockets, UnixAddress } from '@uds/winsock-ffi'
import { owned, receive, sendAll } from './connected.ts'

const python = needs('python3')

describe.skipIf(python.missing || !capabilities().afUnix)('python3', () => {
  test('connects to our listener, and its bytes and its end arrive', async () => {
    const path = socketPath()
    const listener = owned(sockets.open('unix'))
    sockets.bind(listener, UnixAddress.path(path))
    sockets.listen(listener)
    const script = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.connect(sys.argv[1])
s.sendall(b'from python ' * 10000)
s.shutdown(socket.SHUT_WR)
data = b''
while chunk := s.recv(65536): data += chunk
print(len(data), data[:5].decode())
`
    const client = spawnProgram(python.path, ['-c', script, path])
    const server = owned(sockets.accept(listener, { timeoutMs: 10_000 }))
    expect(receive(server).toString()).toBe('from python '.repeat(10_000))
    if (capabilities().credentials) expect(sockets.peerCredentials(server).pid).toBe(client.pid)
    sendAll(server, Buffer.alloc(300_000, 'echo!'))
    server.close()
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect(client.stdout().trim()).toBe('300000 echo!')
  })

  test('accepts our connection, and passes a descriptor', async () => {
    const path = socketPath()
    const script = `
import socket, sys, os
l = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
l.bind(sys.argv[1]); l.listen(); print('ready', flush=True)
s, _ = l.accept()
r, w = os.pipe(); os.write(w, b'through the pipe'); os.close(w)
socket.send_fds(s, [b'take'], [r])
print(s.recv(100).decode())
`
    const server = spawnProgram(python.path, ['-c', script, path])
    await server.waitForLine(/ready/)
    const client = owned(sockets.open('unix'))
    sockets.connect(client, UnixAddress.path(path))
    const buffer = Buffer.alloc(16)
    const message = sockets.receiveMessage(client, buffer, { maxDescriptors: 1, timeoutMs: 10_000 })
    expect(buffer.toString('utf8', 0, message.bytes)).toBe('take')
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(owned(message.descriptors[0]!).fd, 'utf8')).toBe('through the pipe')
    sendAll(client, Buffer.from('thanks'))
    expect(await server.exit).toEqual({ code: 0, signal: null })
    expect(server.stdout()).toContain('thanks')
  })
})
