/** The file of an AF_UNIX socket: its removal. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { errorOf, socketPath, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { capabilities, removeSocketFile, SocketError, sockets, UnixAddress } from '@uds/winsock-ffi'

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
