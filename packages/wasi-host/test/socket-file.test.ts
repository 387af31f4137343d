/** What is in the way of a guest that listens at a path: the same rule in all ways of waiting. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { socketPath } from '@uds/testkit'
import { capabilities, sockets, UnixAddress, type SocketHandle } from '@uds/winsock-ffi'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SocketsOptions } from '../src/index.ts'
import { drive, OUT, udsImports, waits, type Driven } from './driver.ts'

const SUCCESS = 0
const EADDRINUSE = 3

const ADDRESS = 64

/** A socket that is bound to a path; closing it leaves the file, as a server that dies does. */
const bound = (path: string): SocketHandle => {
  const handle = sockets.open('unix')
  sockets.bind(handle, UnixAddress.path(path))
  return handle
}

const stale = (): string => {
  const path = socketPath()
  bound(path).close()
  return path
}

const listening = (path: string): SocketHandle => {
  const handle = bound(path)
  handle.setNonblocking(true)
  onTestFinished(() => handle.close())
  sockets.listen(handle, 0)
  return handle
}

describe.skipIf(!capabilities().afUnix).each(waits)('under %s', (wait) => {
  const start = (options: SocketsOptions): Promise<Driven> =>
    drive({ imports: udsImports, host: { wait, sockets: options } })

  /** What the guest gets when it binds there. */
  const bindAt = async (path: string): Promise<{ guest: Driven; fd: number; errno: number }> => {
    const guest = await start({ allow: [`bind:unix:${path}`] })
    expect(await guest.call('uds_sock_open', 1, 1, OUT)).toBe(SUCCESS)
    const fd = await guest.u32(OUT)
    const length = await guest.put(ADDRESS, [1, 0, 0, ...Buffer.from(path)])
    return { guest, fd, errno: await guest.call('uds_sock_bind', fd, ADDRESS, length) }
  }

  test('the file of a server that died is replaced', async () => {
    const path = stale()
    const { guest, fd, errno } = await bindAt(path)
    expect(errno).toBe(SUCCESS)
    expect(await guest.call('uds_sock_listen', fd, 4)).toBe(SUCCESS)
    const client = sockets.open('unix')
    onTestFinished(() => client.close())
    sockets.connect(client, UnixAddress.path(path))
    expect(await guest.call('uds_sock_accept', fd, 0, OUT, 0, 0, 0)).toBe(SUCCESS)
    await guest.guest.close()
    expect(existsSync(path)).toBe(false)
  })

  test('the same for sockets.listen', async () => {
    const path = stale()
    const guest = await start({ listen: [`unix:${path}`] })
    await guest.guest.close()
    expect(existsSync(path)).toBe(false)
  })

  test('a server that lives keeps its path, also when it is too busy to answer', async () => {
    const path = socketPath()
    const server = listening(path)
    expect((await bindAt(path)).errno).toBe(EADDRINUSE)
    // It was asked without a connection, where the system has a way.
    if (process.platform !== 'win32') expect(sockets.tryAccept(server)).toBeUndefined()
    // Nobody accepts: on Linux a connect finds the backlog full at last.
    for (let count = 0; count < 4; count += 1) {
      const client = sockets.open('unix')
      client.setNonblocking(true)
      onTestFinished(() => client.close())
      sockets.tryConnect(client, UnixAddress.path(path))
    }
    expect((await bindAt(path)).errno).toBe(EADDRINUSE)
    await expect(start({ listen: [`unix:${path}`] })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(server.closed).toBe(false)
  })

  test('what is no socket is never removed', async () => {
    const path = socketPath()
    writeFileSync(path, 'precious')
    expect((await bindAt(path)).errno).toBe(EADDRINUSE)
    await expect(start({ listen: [`unix:${path}`] })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining(path),
    })
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })
})
