import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nextFileTime, socketPath, tempDir } from '@uds/testkit'
import { UnixDatagramSocket } from '@uds/stream/datagram'
import { listenHandles } from '@uds/stream/handles'
import { capabilities, findFile, removeSocketFile } from '@uds/winsock-ffi'
import { unixNet } from '../src/net/unix-net.ts'

const can = capabilities()

/** Something that binds a path, and what closes it. */
const binders: [string, boolean, (path: string) => Promise<() => void> | (() => void)][] = [
  [
    'a server of net',
    can.afUnix,
    async (path) => {
      const server = unixNet.createServer()
      await new Promise<void>((resolve) => server.listen(path, resolve))
      return () => void server.close()
    },
  ],
  [
    'a datagram socket',
    can.datagram,
    (path) => {
      const socket = UnixDatagramSocket.bind(path)
      return () => socket.close()
    },
  ],
  [
    'a listener of handles',
    can.descriptors,
    (path) => {
      const listener = listenHandles(path)
      return () => listener.close()
    },
  ],
]

// On Windows existsSync is false for a socket in any case.
const isThere = (path: string): boolean =>
  can.system === 'win32' ? findFile(path) !== undefined : existsSync(path)

describe.each(binders)('%s', (_name, works, bind) => {
  test.skipIf(!works)('removes its file although the process has changed its directory', async () => {
    const path = socketPath()
    const before = process.cwd()
    onTestFinished(() => process.chdir(before))
    process.chdir(dirname(path))
    const close = await bind(`./${basename(path)}`)
    process.chdir(tempDir())
    close()
    expect(isThere(path)).toBe(false)
    const again = await bind(path)
    again()
  })

  test.skipIf(!works)('leaves the file of a successor', async () => {
    const path = socketPath()
    const close = await bind(path)
    removeSocketFile(path)
    // Windows distinguishes files by the time of writing, and its clock moves 64 times a second.
    nextFileTime()
    const closeSuccessor = await bind(path)
    close()
    expect(isThere(path)).toBe(true)
    closeSuccessor()
    expect(isThere(path)).toBe(false)
  })
})
