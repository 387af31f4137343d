/** More about peers than their credentials, and sockets that want no descriptors. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { errorOf, socketPath, until } from '@uds/testkit'
import { capabilities, sockets } from '@uds/winsock-ffi'
import { listen, peerCredentials, peerGroups, peerLabel, peerPidfd } from '@uds/stream'
import { connectSeqpacket, listenSeqpacket, UnixDatagramSocket } from '@uds/stream/datagram'
import { connectAncillary, listenAncillary } from '@uds/stream/handles'
import { closing } from './support.ts'

const linux = capabilities().system === 'linux'

/** Whether the kernel knows an option: 6.5 and 6.16 brought them. */
const knows = (ask: (one: Parameters<typeof sockets.peerPidfd>[0]) => { close(): void } | void): boolean => {
  const [one, other] = sockets.pair('stream')
  try {
    ask(one)?.close()
    return true
  } catch {
    return false
  } finally {
    one.close()
    other.close()
  }
}
const refuses = linux && knows((one) => sockets.setOption(one, 'SO_PASSRIGHTS', false))

describe.skipIf(!linux)('more about the peer of a connection', () => {
  test.skipIf(process.geteuid?.() !== 0)('its groups decide in authorize', async () => {
    const path = socketPath()
    const server = closing(
      await listen(`unix:${path}`, { authorize: (_peer, connection) => peerGroups(connection).includes(4) }),
    )
    const admitted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const refused = new Promise<Error>((resolve) => server.once('connectionError', resolve))
    for (const groups of [[27], [4, 27]]) {
      const script = `process.setgroups(${JSON.stringify(groups)}); require('net').connect(${JSON.stringify(path)})`
      const child = spawn(process.execPath, ['-e', script])
      onTestFinished(() => void child.kill('SIGKILL'))
    }
    expect(await refused).toMatchObject({ code: 'EACCES' })
    const connection = await admitted
    expect(peerGroups(connection)).toEqual([4, 27])
    expect(() => peerLabel(connection)).not.toThrow()
    connection.destroy()
    expect(errorOf(() => peerGroups(connection)).code).toBe('EBADF')
  })

  test.skipIf(!linux || !knows((one) => sockets.peerPidfd(one)))(
    'the descriptor of its process tells its end',
    async () => {
      const path = socketPath()
      const server = closing(await listen(`unix:${path}`))
      const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
      const script = `require('net').connect(${JSON.stringify(path)}).on('error', () => {})`
      const child = spawn(process.execPath, ['-e', script])
      const connection = await connected
      expect(peerCredentials(connection).pid).toBe(child.pid)
      const process_ = peerPidfd(connection)
      onTestFinished(() => process_.close())
      const info = (): string => readFileSync(`/proc/self/fdinfo/${process_.fd}`, 'utf8')
      expect(info()).toMatch(new RegExp(`^Pid:\\s+${child.pid}$`, 'm'))
      child.kill('SIGKILL')
      // Whatever process gets its number.
      await until(() => /^Pid:\s+-1$/m.test(info()))
      connection.destroy()
    },
  )
})

const file = (): number => {
  const fd = openSync('/dev/null', 'r')
  onTestFinished(() => closeSync(fd))
  return fd
}

describe.skipIf(!refuses)('a socket that wants no descriptors', () => {
  const none = { maxDescriptors: 0 }
  test.each([
    [
      'datagram',
      (path: string) => {
        const receiver = UnixDatagramSocket.bind(path, none)
        const sender = UnixDatagramSocket.connect(path)
        return { sender, ends: [receiver, sender] }
      },
    ],
    [
      'seqpacket',
      (path: string) => {
        const listener = listenSeqpacket(path, none)
        const sender = connectSeqpacket(path)
        return { sender, ends: [listener, sender] }
      },
    ],
    [
      'ancillary',
      (path: string) => {
        const listener = listenAncillary(path, none)
        const sender = connectAncillary(path)
        return { sender, ends: [listener, sender] }
      },
    ],
  ])('tells the sender (%s)', async (_kind, open) => {
    const { sender, ends } = open(socketPath())
    onTestFinished(() => ends.forEach((each) => each.close()))
    await expect(sender.send('x', { descriptors: [file()] })).rejects.toMatchObject({
      code: 'EPERM',
      message: expect.stringContaining('the receiver takes no descriptors'),
    })
    await sender.send('x')
  })
})
