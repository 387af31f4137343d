/** The file of an AF_UNIX socket: its removal. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorOf, socketPath, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import {
  capabilities,
  removeOwnSocketFile,
  removeSocketFile,
  SocketError,
  socketFileId,
  sockets,
  UnixAddress,
} from '@uds/winsock-ffi'
import { publicName } from '@uds/winsock-ffi/internal'

describe('removeSocketFile', () => {
  test.skipIf(!capabilities().afUnix)('removes the file, and no file is no error', () => {
    const path = socketPath()
    const socket = sockets.open('unix')
    sockets.bind(socket, UnixAddress.path(path))
    socket.close()
    removeSocketFile(path)
    expect(existsSync(path)).toBe(false)
    removeSocketFile(path)
    removeSocketFile(join(path, 'below', 'nothing'))
  })

  test('that fails is a SocketError of unlink with the address', () => {
    const directory = join(tempDir(), 'd')
    mkdirSync(directory)
    const error = errorOf(() => removeSocketFile(directory))
    expect(error).toBeInstanceOf(SocketError)
    expect(error).toMatchObject({ syscall: 'unlink', address: `unix:${directory}` })
    expect(['EISDIR', 'EPERM', 'EACCES']).toContain(error.code)
  })
})

/** Leaves a socket file, and returns what identifies it. */
const leftFile = (path: string): string | undefined => {
  const socket = sockets.open('unix')
  sockets.bind(socket, UnixAddress.path(path))
  socket.close()
  return socketFileId(path)
}

describe.skipIf(!capabilities().afUnix)('removeOwnSocketFile', () => {
  test('removes the file with this identity, and no other that has its name by now', () => {
    const path = socketPath()
    const id = leftFile(path)
    renameSync(path, `${path}2`)
    writeFileSync(path, 'precious')
    removeOwnSocketFile(path, id)
    expect(existsSync(path)).toBe(true)
    removeOwnSocketFile(`${path}2`, undefined)
    expect(existsSync(`${path}2`)).toBe(true)
    removeOwnSocketFile(`${path}2`, id)
    expect(existsSync(`${path}2`)).toBe(false)
  })

  test('is no error where the file, or what it was in, is gone', () => {
    const file = join(tempDir(), 'f')
    writeFileSync(file, '')
    for (const gone of [join(file, 's'), join(tempDir(), 'none', 's')])
      expect(() => removeOwnSocketFile(gone, 'any')).not.toThrow()
  })
})

test('the name that clients know is told, and not the one that a listener of ours was bound to', () => {
  expect(publicName('/run/.a.sock.uds-k3v9x2q1')).toBe('/run/a.sock')
  expect(publicName('/run/.a.sock.uds-k3v9x2q1/k3v9x2q1')).toBe('/run/a.sock')
  expect(publicName('/run/.a.sock.uds-2sk-1f0a/s')).toBe('/run/a.sock')
  expect(publicName('.a.sock.uds-k3v9x2q1')).toBe('a.sock')
  for (const other of ['/run/.a.sock.uds-k3v9x2q1/k3v9x2q2', '/run/.a.sock', '/run/a.sock', '@.a.b'])
    expect(publicName(other)).toBe(other)
})
