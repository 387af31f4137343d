/** Socket files where another user, a full table of descriptors or a long name are in the way. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { errorOf, expectNoLeak, handleCount, spawnScript, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { capabilities, SocketError, sockets, UnixAddress } from '@uds/winsock-ffi'
import {
  TRACE_CHANNEL,
  UnixDatagram,
  UnixListener,
  UnixSocketAddr,
  UnixStream,
  type TraceRecord,
} from '../src/index.ts'
import { bytes } from './expect.ts'

const can = capabilities()
const onLinux = process.platform === 'linux'

/** Runs an action, and what another user would do as soon as bind has made the file. */
const whenBound = <T>(then: () => void, action: () => T): T => {
  const listener = (message: unknown): void => {
    const { syscall, result } = message as TraceRecord
    if (syscall === 'bind' && result >= 0) then()
  }
  subscribe(TRACE_CHANNEL, listener)
  try {
    return action()
  } finally {
    unsubscribe(TRACE_CHANNEL, listener)
  }
}

const setUp = (): { place: string; path: string; precious: string } => {
  const directory = tempDir()
  const precious = join(directory, 'precious')
  writeFileSync(precious, 'for its owner alone')
  chmodSync(precious, 0o600)
  const place = join(directory, 'place')
  mkdirSync(place)
  return { place, path: join(place, 's'), precious }
}
const permissions = (path: string): number => statSync(path).mode & 0o777

describe.skipIf(process.platform === 'win32')('the mode of a socket file', () => {
  test.each([
    [
      'the file',
      ({ path, precious }: ReturnType<typeof setUp>) => {
        renameSync(path, `${path}.aside`)
        symlinkSync(precious, path)
      },
    ],
    [
      'its directory',
      ({ place, path, precious }: ReturnType<typeof setUp>) => {
        renameSync(place, `${place}.aside`)
        mkdirSync(place)
        symlinkSync(precious, path)
      },
    ],
    [
      'the file by a regular one',
      ({ path, precious }: ReturnType<typeof setUp>) => {
        renameSync(path, `${path}.aside`)
        renameSync(precious, path)
      },
    ],
  ])('is set on no other file when %s is swapped', (_what, swap) => {
    const at = setUp()
    const error = whenBound(
      () => swap(at),
      () => errorOf(() => UnixListener.bind(at.path, { mode: 0o666 })),
    )
    expect(error).toBeInstanceOf(SocketError)
    expect(error).toMatchObject({ code: 'EACCES', syscall: 'chmod', address: `unix:${at.path}` })
    const precious = existsSync(at.precious) ? at.precious : at.path
    expect(permissions(precious)).toBe(0o600)
  })

  test.skipIf(process.getuid?.() !== 0)('that cannot be set leaves no file and no descriptor', async () => {
    const { place, path } = setUp()
    const bind = (): void => {
      const error = whenBound(
        // As a file system that squashes root does.
        () => chownSync(path, 65_534, 65_534),
        () => errorOf(() => UnixListener.bind(path, { mode: 0o666 })),
      )
      expect(error).toMatchObject({ name: 'SocketError', code: 'EACCES' })
    }
    await expectNoLeak(bind)
    expect(readdirSync(place)).toEqual([])
  })
})

// Another user is needed, and only root can be one.
describe.skipIf(process.platform === 'win32' || process.getuid?.() !== 0)('files of other users', () => {
  const fixture = new URL('./fixtures/others-files.ts', import.meta.url)

  test.each([
    ['stale', /^EPERM unlink unix:\S+: .*sticky/],
    ['closed to others', /^EADDRINUSE bind unix:\S+: .*another user \(uid 0\)/],
    ['no rights left', /^EACCES unlink unix:\S+: .*write permission on its directory.*; closed, refused$/],
    ['not even a look', /^EACCES unlink unix:\S+: .*write permission on its directory.*; closed, refused$/],
  ])('%s: a SocketError says why', async (what, line) => {
    const directory = tempDir()
    chmodSync(directory, what === 'no rights left' || what === 'not even a look' ? 0o755 : 0o1777)
    const program = spawnScript(fixture, [what, join(directory, 's')])
    await program.waitForLine(line)
    expect(await program.exit).toEqual({ code: 0, signal: null })
  })
})

/** A path of so many bytes, in a directory that is long. */
const longPath = (length: number, name = 's'): string => {
  const base = tempDir()
  const directory = join(base, 'd'.repeat(length - Buffer.byteLength(base) - Buffer.byteLength(name) - 2))
  mkdirSync(directory)
  return join(directory, name)
}

describe.skipIf(!can.afUnix)('a path that is longer than an address', () => {
  test.skipIf(!onLinux).each([108, 109, 200])('of %i bytes is bound, connected to and removed', (length) => {
    const path = longPath(length)
    expect(Buffer.byteLength(path)).toBe(length)
    const before = handleCount()
    const listener = UnixListener.bind(path, { mode: 0o600 })
    expect(listener.localAddr().asPathname()).toBe(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const client = UnixStream.connectAddr(listener.localAddr())
    expect(client.peerAddr().toString()).toBe(`unix:${path}`)
    const server = listener.accept()
    client.writeAll(bytes('hello'))
    expect(Buffer.from(server.readExact(5)).toString()).toBe('hello')
    const error = errorOf(() => UnixListener.bind(path))
    expect(error).toMatchObject({ code: 'EADDRINUSE', address: `unix:${path}` })
    expect(error.message).toContain('a server listens there')
    const clone = UnixListener.fromTransfer(listener.transfer())
    expect(clone.localAddr().asPathname()).toBe(path)
    for (const each of [client, server, clone]) each.close()
    expect(existsSync(path)).toBe(false)
    expect(handleCount()).toBe(before)
  })

  test.skipIf(!onLinux)('is an address of datagrams, too', () => {
    const path = longPath(150)
    const receiver = UnixDatagram.bind(path)
    const sender = UnixDatagram.unbound()
    sender.sendTo(bytes('one'), path)
    sender.connect(path)
    sender.send(bytes('two'))
    const buffer = Buffer.alloc(10)
    for (const text of ['one', 'two']) expect(buffer.toString('utf8', 0, receiver.recv(buffer))).toBe(text)
    expect(receiver.localAddr().asPathname()).toBe(path)
    for (const each of [sender, receiver]) each.close()
  })

  test.skipIf(!onLinux)('whose socket file is stale is taken over', () => {
    const path = longPath(120)
    UnixListener.bind(path, { unlinkOnClose: false }).close()
    const missing = errorOf(() => UnixStream.connect(path))
    expect(missing).toMatchObject({ code: 'ECONNREFUSED', address: `unix:${path}` })
    UnixListener.bind(path).close()
    expect(errorOf(() => UnixStream.connect(path))).toMatchObject({ code: 'ENOENT', address: `unix:${path}` })
  })

  test('with a name that nobody could connect to is refused with the number of bytes', () => {
    const path = join(dirname(longPath(40)), 'ж'.repeat(54))
    const length = Buffer.byteLength(path)
    for (const refuse of [
      () => UnixListener.bind(path),
      () => UnixDatagram.bind(path),
      () => UnixStream.connect(path),
      () => UnixSocketAddr.fromPathname(path),
      () => UnixListener.bind(Buffer.from(path)),
    ]) {
      const error = errorOf(refuse)
      expect(error).toMatchObject({ name: 'SocketError', code: 'ENAMETOOLONG' })
      expect(error.message).toContain(`${length} bytes`)
    }
    expect(existsSync(path)).toBe(false)
  })
})

describe.skipIf(!can.afUnix || process.platform === 'win32')(
  'a socket that is bound and does not listen yet',
  () => {
    test.each(['UnixListener', 'UnixDatagram'] as const)('is replaced by no %s', (kind) => {
      const path = join(tempDir(), 's')
      using bound = sockets.open('unix', 'stream')
      sockets.bind(bound, UnixAddress.path(path))
      const before = statSync(path).ino
      const bind = (): unknown =>
        kind === 'UnixListener' ? UnixListener.bind(path) : UnixDatagram.bind(path)
      expect(errorOf(bind).code).toBe('EADDRINUSE')
      expect(statSync(path).ino).toBe(before)
    })
  },
)
