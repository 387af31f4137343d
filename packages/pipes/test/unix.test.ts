/** What only AF_UNIX has: socket files, modes, abstract names, descriptors, datagrams. */
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { capabilities, removeSocketFile, SocketError } from '@uds/winsock-ffi'
import { errorOf, freshName, nextFileTime, socketPath, spawnScript, tempDir } from '@uds/testkit'
import {
  LocalListener,
  LocalStream,
  UnixDatagram,
  UnixListener,
  UnixSocketAddr,
  UnixStream,
} from '../src/index.ts'
import { onWindows } from '../src/system.ts'
import { bytes, expectCode } from './expect.ts'

const can = capabilities()

/** A socket file whose server has died without a chance to remove it. */
const staleFile = async (): Promise<string> => {
  const path = socketPath()
  const server = spawnScript(new URL('./fixtures/listen.ts', import.meta.url), [path])
  await server.waitForLine(/^listening$/)
  await server.kill('SIGKILL')
  expectCode('ECONNREFUSED', () => UnixStream.connect(path))
  return path
}

describe.skipIf(!can.afUnix)('socket files', () => {
  test("close removes the file, unless it is another listener's by then", () => {
    const path = socketPath()
    UnixListener.bind(path).close()
    expectCode('ENOENT', () => UnixStream.connect(path))
    UnixListener.bind(path, { unlinkOnClose: false }).close()
    expectCode('ECONNREFUSED', () => UnixStream.connect(path))
    const successor = UnixListener.bind(path)
    expectCode('EADDRINUSE', () => UnixListener.bind(path))
    successor.close()
    expectCode('ENOENT', () => UnixStream.connect(path))
  })

  test('a file that a dead server has left is taken over; removeStale: false leaves it', async () => {
    const path = await staleFile()
    expectCode('EADDRINUSE', () => UnixListener.bind(path, { removeStale: false }))
    const listener = UnixListener.bind(path)
    UnixStream.connect(path).close()
    listener.close()
  })

  test('a live server is never removed, however busy', () => {
    const path = socketPath()
    const listener = UnixListener.bind(path, { backlog: 0 })
    const clients: UnixStream[] = []
    try {
      for (;;) clients.push(UnixStream.connect(path, { timeoutMs: 50 }))
    } catch {
      // Its backlog is full now, on systems that count it.
    }
    expectCode('EADDRINUSE', () => UnixListener.bind(path))
    listener.accept().close()
    for (const each of [...clients, listener]) each.close()
  }, 60_000)

  test.skipIf(onWindows)('a bind that finds a live server does not become its client', () => {
    const path = socketPath()
    const listener = UnixListener.bind(path)
    const error = errorOf(() => UnixListener.bind(path))
    expect([error.code, error.message]).toEqual([
      'EADDRINUSE',
      expect.stringContaining(': a server listens there'),
    ])
    expectCode('ETIMEDOUT', () => listener.accept({ timeoutMs: 0 }))
    listener.close()
  })

  test('what is no socket is never removed', () => {
    const path = socketPath()
    writeFileSync(path, 'precious')
    expectCode('EADDRINUSE', () => UnixListener.bind(path))
    expect(readFileSync(path, 'utf8')).toBe('precious')
    const directory = join(tempDir(), 'd')
    mkdirSync(directory)
    expectCode('EADDRINUSE', () => UnixListener.bind(directory))
  })

  test("a successor's file is not removed by the close of its predecessor", () => {
    const path = socketPath()
    const first = UnixListener.bind(path)
    removeSocketFile(path)
    // Windows tells files apart by the time of writing, and its clock moves 64 times a second.
    nextFileTime()
    const second = UnixListener.bind(path)
    first.close()
    const client = UnixStream.connect(path)
    expect(client.peerAddr().asPathname()).toBe(path)
    for (const each of [client, second]) each.close()
  })

  test.skipIf(onWindows)('close removes the file whatever mode it was given since', () => {
    const path = socketPath()
    const listener = UnixListener.bind(path)
    // The time of the last change of an inode moves with the clock of the kernel's timer.
    nextFileTime()
    chmodSync(path, 0o666)
    listener.close()
    expect(existsSync(path)).toBe(false)
  })

  test.skipIf(process.platform === 'win32')(
    'a file in the place of the directory is ENOTDIR, as a SocketError',
    () => {
      const file = join(tempDir(), 'f')
      writeFileSync(file, '')
      for (const each of [UnixListener, UnixDatagram]) {
        const error = errorOf(() => each.bind(join(file, 's')))
        expect(error).toBeInstanceOf(SocketError)
        expect(error).toMatchObject({ code: 'ENOTDIR', syscall: 'bind' })
      }
    },
  )

  test('a missing directory is ENOENT and says so', () => {
    const error = errorOf(() => UnixListener.bind(join(tempDir(), 'no', 's')))
    expect(error.code).toBe('ENOENT')
    expect(error.message).toContain('directory')
  })

  test.skipIf(onWindows)('the mode is what was asked for, whatever the umask', () => {
    const before = process.umask(0o077)
    try {
      for (const mode of [0o600, 0o666, 0o660]) {
        const path = socketPath()
        const listener = UnixListener.bind(path, { mode })
        expect(lstatSync(path).mode & 0o777).toBe(mode)
        listener.close()
      }
      const path = socketPath()
      const listener = UnixListener.bind(path)
      expect(lstatSync(path).mode & 0o777).toBe(0o700)
      listener.close()
    } finally {
      process.umask(before)
    }
  })

  test.skipIf(!onWindows)('a mode is ENOTSUP on Windows, and says what to do', () => {
    expectCode('ENOTSUP', () => UnixListener.bind(socketPath(), { mode: 0o600 }))
  })

  test('a relative path is relative to the working directory, and a bare word is one', () => {
    const cwd = process.cwd()
    process.chdir(tempDir())
    try {
      const listener = UnixListener.bind('word')
      UnixStream.connect('word').close()
      process.chdir(cwd)
      listener.accept().close()
      expect(listener.localAddr().asPathname()).toBe('word')
      listener.close()
    } finally {
      process.chdir(cwd)
    }
  })

  test('a socket that something else bound can be listened on', () => {
    const path = socketPath()
    const listener = UnixListener.bind(path)
    const again = UnixListener.fromRawHandle(listener.intoRawHandle())
    const client = UnixStream.connect(path)
    again.accept().close()
    expect(client.read(Buffer.alloc(1))).toBe(0)
    for (const each of [client, again]) each.close()
  })
})

describe.skipIf(onWindows)('the place of bare names', () => {
  test('is a directory of this user alone, and a foreign or open one is refused', () => {
    const runtime = tempDir()
    vi.stubEnv('XDG_RUNTIME_DIR', runtime)
    try {
      const name = freshName()
      const listener = LocalListener.bind(name)
      expect(lstatSync(join(runtime, 'uds')).mode & 0o777).toBe(0o700)
      listener.close()
      const missing = errorOf(() => LocalStream.connect(name))
      expect(missing.code).toBe('ENOENT')
      expect(missing.message).toContain(`${runtime}/uds (XDG_RUNTIME_DIR)`)
      chmodSync(join(runtime, 'uds'), 0o755)
      expectCode('EACCES', () => LocalListener.bind(name))
      expectCode('EACCES', () => LocalStream.connect(name))
      const other = tempDir()
      vi.stubEnv('XDG_RUNTIME_DIR', other)
      expectCode('ENOENT', () => LocalStream.connect(name))
      expect(readdirSync(other)).toEqual([])
      symlinkSync(runtime, join(other, 'uds'))
      vi.stubEnv('XDG_RUNTIME_DIR', other)
      expectCode('EACCES', () => LocalListener.bind(name))
    } finally {
      vi.unstubAllEnvs()
    }
  })
})

describe.skipIf(!can.abstractNames)('abstract names', () => {
  test('connect without a file, and are told', () => {
    const name = freshName()
    const listener = UnixListener.bindAddr(UnixSocketAddr.fromAbstractName(name))
    const client = LocalStream.connect(`unix:@${name}`)
    const server = listener.accept()
    expect(String(listener.localAddr())).toBe(`unix:@${name}`)
    expect(Buffer.from(listener.localAddr().asAbstractName() ?? []).toString()).toBe(name)
    expect(listener.localAddr().asPathname()).toBeUndefined()
    const error = errorOf(() => UnixListener.bindAddr(UnixSocketAddr.fromAbstractName(name)))
    expect(error.code).toBe('EADDRINUSE')
    // There is no file.
    expect(error.message).not.toMatch(/path|file/)
    for (const each of [client, server, listener]) each.close()
    expectCode('ECONNREFUSED', () => UnixStream.connectAddr(UnixSocketAddr.fromAbstractName(name)))
  })
})

describe.skipIf(!can.descriptors)('descriptors', () => {
  test('a file goes through a stream', () => {
    const path = join(tempDir(), 'file')
    writeFileSync(path, 'what the file holds')
    const [a, b] = UnixStream.pair()
    const file = openSync(path, 'r')
    expect(a.sendDescriptors(bytes('x'), [file])).toBe(1)
    closeSync(file)
    const { bytes: got, descriptors } = b.receiveDescriptors(Buffer.alloc(8), 1)
    expect([got, descriptors.length]).toEqual([1, 1])
    expect(readFileSync(descriptors[0]!.fd, 'utf8')).toBe('what the file holds')
    descriptors[0]!.close()
    expectCode('ETIMEDOUT', () => b.receiveDescriptors(Buffer.alloc(1), 1, { timeoutMs: 20 }))
    expectCode('ERR_INVALID_ARG_TYPE', () => a.sendDescriptors(bytes('x'), 0 as never))
    expectCode('EBADF', () => a.sendDescriptors(bytes('x'), [1_000_000]))
    a.close()
    expect(b.receiveDescriptors(Buffer.alloc(1)).bytes).toBe(0)
    b.close()
  })

  test('of a connection that is gone are none, as its bytes are: takeError says how it went', () => {
    const [a, b] = UnixStream.pair()
    b.writeAll(bytes('never read'))
    a.sendDescriptors(bytes('x'), [0])
    a.close()
    const first = b.receiveDescriptors(Buffer.alloc(1))
    expect([first.bytes, first.descriptors.length]).toEqual([1, 1])
    expect(b.receiveDescriptors(Buffer.alloc(1)).bytes).toBe(0)
    expect(b.takeError()?.code).toBe('ECONNRESET')
    for (const each of [...first.descriptors, b]) each.close()
  })

  test('at most one is one, and the loss of the others is reported', () => {
    const [a, b] = UnixStream.pair()
    a.sendDescriptors(bytes('x'), [0, 0, 0])
    const first = b.receiveDescriptors(Buffer.alloc(1), 1)
    expect(first).toMatchObject({ bytes: 1, descriptorsTruncated: true })
    expect(first.descriptors).toHaveLength(1)
    a.sendDescriptors(bytes('y'), [0])
    const second = b.receiveDescriptors(Buffer.alloc(1), 1)
    expect(second).toMatchObject({ bytes: 1, descriptorsTruncated: false })
    for (const each of [...first.descriptors, ...second.descriptors, a, b]) each.close()
  })
})

describe.skipIf(!can.afUnix)('peers', () => {
  test.skipIf(!can.credentials)('credentials name this process', () => {
    const [a, b] = UnixStream.pair()
    const { pid, uid } = a.peerCredentials()
    expect(pid).toBe(process.pid)
    if (!onWindows) expect(uid).toBe(process.getuid?.())
    a.close()
    b.close()
  })

  test('a read after the peer closed with our bytes unread is the end, and takeError tells of them', () => {
    const [a, b] = UnixStream.pair()
    a.writeAll(bytes('never read'))
    b.close()
    expect(a.read(Buffer.alloc(8))).toBe(0)
    expect(a.takeError()?.code).toBe('ECONNRESET')
    expect(a.takeError()).toBeNull()
    a.close()
  })

  test('after shutdown of writing the peer reads the end and can answer', () => {
    const [a, b] = UnixStream.pair()
    a.writeAll(bytes('request'))
    a.shutdown('write')
    expect(b.readToEnd().toString()).toBe('request')
    b.writeAll(bytes('reply'))
    b.close()
    expect(a.readToEnd().toString()).toBe('reply')
    a.close()
  })
})

describe.skipIf(!can.datagram)('UnixDatagram', () => {
  test.skipIf(process.platform !== 'linux')(
    'what arrived before the peer turned away is received first',
    () => {
      const [here, there, elsewhere] = [socketPath(), socketPath(), socketPath()]
      const a = UnixDatagram.bind(here)
      const b = UnixDatagram.bind(there)
      const c = UnixDatagram.bind(elsewhere)
      a.connect(there)
      b.connect(here)
      for (const text of ['one', 'two']) b.send(bytes(text))
      // With a message of ours unread, connecting elsewhere resets us (unix_dgram_disconnected in Linux' net/unix/af_unix.c).
      a.send(bytes('never read'))
      b.connect(elsewhere)
      const buffer = Buffer.alloc(10)
      for (const text of ['one', 'two']) expect(buffer.toString('utf8', 0, a.recv(buffer))).toBe(text)
      expectCode('ECONNRESET', () => a.recv(buffer, { timeoutMs: 0 }))
      expectCode('ETIMEDOUT', () => a.recv(buffer, { timeoutMs: 0 }))
      for (const each of [a, b, c]) each.close()
    },
  )

  test('datagrams keep their borders, their order and their sender', () => {
    const [here, there] = [socketPath(), socketPath()]
    const a = UnixDatagram.bind(here)
    const b = UnixDatagram.bind(there)
    a.sendTo(bytes('one'), there)
    a.sendTo(Buffer.alloc(0), UnixSocketAddr.fromPathname(there))
    a.sendTo(bytes('three'), there)
    const buffer = Buffer.alloc(4)
    const first = b.recvFrom(buffer)
    expect([first.bytes, first.truncated, first.address.asPathname()]).toEqual([3, false, here])
    expect(b.recv(buffer)).toBe(0)
    expect(b.peek(buffer)).toBe(4)
    expect(b.recvFrom(buffer)).toMatchObject({ bytes: 4, truncated: true })
    a.close()
    b.close()
    const sender = UnixDatagram.unbound()
    const error = errorOf(() => sender.sendTo(bytes('x'), there))
    expect([error.code, error.message]).toEqual(['ENOENT', expect.stringContaining(`unix:${there}`)])
    expect(errorOf(() => sender.send(bytes('x'))).message).toMatch(/connect the socket first|not connected/)
    sender.close()
  })

  test('connected ones send without an address, and those of a pair are unnamed', () => {
    const path = socketPath()
    const server = UnixDatagram.bind(path, { mode: 0o600 })
    const client = UnixDatagram.unbound()
    client.connect(path)
    client.send(bytes('hi'))
    const got = server.recvFrom(Buffer.alloc(8))
    expect([got.bytes, got.address.isUnnamed(), client.peerAddr().asPathname()]).toEqual([2, true, path])
    client.close()
    server.close()
    const [a, b] = UnixDatagram.pair()
    a.send(bytes('pair'))
    expect(b.recv(Buffer.alloc(8))).toBe(4)
    for (const each of [a, b]) each.close()
  })

  test('waits have timeouts and modes', () => {
    const [a, b] = UnixDatagram.pair()
    a.setReadTimeout(30)
    expectCode('ETIMEDOUT', () => a.recv(Buffer.alloc(1)))
    a.setNonblocking(true)
    expectCode('EAGAIN', () => a.recv(Buffer.alloc(1)))
    a.setNonblocking(false)
    a.setWriteTimeout(40)
    expectCode('ETIMEDOUT', () => {
      for (;;) a.send(Buffer.alloc(1024))
    })
    expect([a.readTimeout(), a.writeTimeout()]).toEqual([30, 40])
    a.shutdown('both')
    for (const each of [a, b]) each.close()
  })

  test('travels to another thread and is used once', () => {
    const [a, b] = UnixDatagram.pair()
    const again = UnixDatagram.fromTransfer(a.transfer())
    again.send(bytes('moved'))
    expect(b.recv(Buffer.alloc(8))).toBe(5)
    for (const each of [again, b]) each.close()
  })
})
