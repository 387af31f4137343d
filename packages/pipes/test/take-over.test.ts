/** takeOver, and names with spaces and directories. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { codeOfCall, errorOf, freshName, tempDir } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import {
  LocalListener,
  LocalStream,
  UnixDatagram,
  UnixListener,
  UnixSocketAddr,
  UnixStream,
} from '../src/index.ts'
import { bytes } from './expect.ts'

const can = capabilities()
const onPosix = can.system !== 'win32'

const owned = <T extends { close(): void }>(thing: T): T => {
  onTestFinished(() => thing.close())
  return thing
}

/** What a server says to its next client. */
const greet = (listener: UnixListener, text: string): void => {
  const stream = listener.accept({ timeoutMs: 5000 })
  stream.writeAll(bytes(text))
  stream.close()
}
const heard = (client: UnixStream): string => {
  const text = client.readToEnd().toString()
  client.close()
  return text
}

describe.skipIf(!can.afUnix)('UnixListener.bind with takeOver', () => {
  test('new clients come to the successor; those that wait are served by the first, which removes nothing', () => {
    const path = join(tempDir(), 's')
    const first = owned(UnixListener.bind(path))
    const waiting = UnixStream.connect(path)
    expect(codeOfCall(() => UnixListener.bind(path))).toBe('EADDRINUSE')
    const second = owned(UnixListener.bind(path, { takeOver: true, ...(onPosix && { mode: 0o600 }) }))
    expect(second.localAddr().asPathname()).toBe(path)
    if (onPosix) expect(statSync(path).mode & 0o777).toBe(0o600)
    const later = UnixStream.connect(path)
    greet(first, 'the first')
    greet(second, 'the second')
    expect([heard(waiting), heard(later)]).toEqual(['the first', 'the second'])
    first.close()
    const last = UnixStream.connect(path)
    expect(last.peerAddr().asPathname()).toBe(path)
    greet(second, 'still there')
    expect(heard(last)).toBe('still there')
    second.close()
    expect(readdirSync(dirname(path))).toEqual([])
  })

  test('works where nobody listens, over the file of a dead server, and with a path that is too long for an address', () => {
    const path = join(tempDir(), 's')
    UnixListener.bind(path, { takeOver: true, unlinkOnClose: false }).close()
    owned(UnixListener.bind(path, { takeOver: true }))
    if (can.system !== 'linux') return
    const directory = join(tempDir(), 'd'.repeat(120))
    mkdirSync(directory)
    const long = join(directory, 's')
    owned(UnixListener.bind(long))
    const successor = owned(UnixListener.bind(long, { takeOver: true }))
    const client = UnixStream.connect(long)
    greet(successor, 'long')
    expect(heard(client)).toBe('long')
    successor.close()
    expect(readdirSync(directory)).toEqual([])
  })

  test('replaces no file that is no socket, and leaves nothing behind', () => {
    const path = join(tempDir(), 'file')
    writeFileSync(path, 'precious')
    expect(errorOf(() => UnixListener.bind(path, { takeOver: true }))).toMatchObject({ code: 'EADDRINUSE' })
    expect(readdirSync(dirname(path))).toEqual(['file'])
    const missing = join(dirname(path), 'missing', 's')
    expect(codeOfCall(() => UnixListener.bind(missing, { takeOver: true }))).toBe('ENOENT')
  })

  test('means nothing for datagrams and abstract names, which is said', () => {
    const path = join(tempDir(), 's')
    expect(codeOfCall(() => UnixDatagram.bind(path, { takeOver: true }))).toBe('ERR_INVALID_ARG_VALUE')
    expect(codeOfCall(() => UnixListener.bind(path, { takeOver: 1 as never }))).toBe('ERR_INVALID_ARG_TYPE')
    if (!can.abstractNames) return
    const address = UnixSocketAddr.fromAbstractName(freshName())
    const error = errorOf(() => UnixListener.bindAddr(address, { takeOver: true }))
    expect(error).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('needs a path'),
    })
  })
})

describe('a name', () => {
  test('may have spaces', () => {
    const name = `my app ${freshName()}`
    const listener = owned(LocalListener.bind(name))
    const client = LocalStream.connect(`name:${name}`)
    const server = listener.accept({ timeoutMs: 5000 })
    server.writeAll(bytes('hello'))
    server.close()
    expect(client.readToEnd().toString()).toBe('hello')
    client.close()
  })

  test('with directories is refused, with what to write', () => {
    const error = errorOf(() => LocalListener.bind('name:app/control'))
    expect(error.message).toMatch(/a path, unix:DIR\/NAME, or a pipe, pipe:DIR\\NAME/)
  })
})
