/** Socket files on every system that has them: how they come, whose they are, and how they go. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { socketPath, spawnScript, tempDir } from '@uds/testkit'
import { connect, listen, unix, type Listener } from '@uds/stream'
import { findFile, removeSocketFile, sockets, UnixAddress } from '@uds/winsock-ffi'
import { withFileLock } from '@uds/winsock-ffi/internal'
import { closing, lineOf, onPosix } from './support.ts'

const hasUnix = unix.capabilities.listen

/** On Windows existsSync is false for a socket. */
const isThere = (path: string): boolean => (onPosix ? existsSync(path) : findFile(path) !== undefined)

/** A socket file whose server was killed: nobody listens there any more. */
const stalePath = async (): Promise<string> => {
  const path = socketPath()
  await spawnScript(new URL('./fixtures/die-listening.ts', import.meta.url), [path]).exit
  return path
}

describe.skipIf(!hasUnix)('socket files', () => {
  test('listening leaves one file, and closing none', async () => {
    const path = socketPath()
    const server = await listen(`unix:${path}`)
    expect(readdirSync(dirname(path))).toEqual(['s'])
    await server.close()
    expect(readdirSync(dirname(path))).toEqual([])
  })

  test('the file appears when the listener accepts, never before', async () => {
    const path = socketPath()
    const connecting = (async (): Promise<Socket> => {
      while (!isThere(path)) await sleep(0)
      return await connect(`unix:${path}`)
    })()
    closing(await listen(`unix:${path}`))
    const connection = await connecting
    expect(connection.readyState).toBe('open')
    connection.destroy()
  })

  test('the address is absolute, so that it leads there from any directory', async () => {
    const path = socketPath()
    const before = process.cwd()
    process.chdir(dirname(path))
    let server: Listener
    try {
      server = closing(await listen('unix:./s'))
    } finally {
      process.chdir(before)
    }
    expect(server.address.endsWith(path)).toBe(true)
    ;(await connect(server.address)).destroy()
    await server.close()
    expect(isThere(path)).toBe(false)
  })

  test('the file of a server that died is taken over', async () => {
    const path = await stalePath()
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    closing(await listen(`unix:${path}`))
    ;(await connect(`unix:${path}`)).destroy()
    expect(readdirSync(dirname(path))).toEqual(['s'])
  })

  test('removeStale: false leaves the file of a server that died', async () => {
    const path = await stalePath()
    await expect(listen(`unix:${path}`, { removeStale: false })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining('nobody listens'),
    })
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('of many that start on a stale file, one gets it and all others are told', async () => {
    for (let round = 0; round < 5; round += 1) {
      const path = await stalePath()
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => listen(`unix:${path}`)))
      const won = results.filter((each) => each.status === 'fulfilled').map((each) => closing(each.value))
      expect(won.length).toBe(1)
      for (const each of results) {
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'EADDRINUSE' })
      }
      ;(await connect(`unix:${path}`)).destroy()
      expect(readdirSync(dirname(path))).toEqual(['s'])
    }
  })

  test('abort while another has the lock of a stale file rejects with the reason, and leaves all as it was', async () => {
    const path = await stalePath()
    const over = Promise.withResolvers<void>()
    const held = withFileLock(path, undefined, () => over.promise)
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const listening = listen(`unix:${path}`, { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 30)
    await expect(listening).rejects.toBe(reason)
    over.resolve()
    await held
    expect(readdirSync(dirname(path))).toEqual(['s'])
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('processes that start on a stale file at once: one serves, the others say EADDRINUSE', async () => {
    const path = await stalePath()
    const script = new URL('./fixtures/listen-once.ts', import.meta.url)
    const started = Array.from({ length: 4 }, () => spawnScript(script, [path]))
    const lines = await Promise.all(
      started.map((each) => each.waitForLine(/^(listening|EADDRINUSE)$/, 25_000)),
    )
    expect(lines.map(([, word]) => word).toSorted((a, b) => (a! < b! ? -1 : 1))).toEqual([
      'EADDRINUSE',
      'EADDRINUSE',
      'EADDRINUSE',
      'listening',
    ])
    ;(await connect(`unix:${path}`)).destroy()
  }, 40_000)

  test('the longest path of sun_path works as it is', async () => {
    const directory = tempDir()
    const path = join(directory, 'x'.repeat(103 - directory.length - 1))
    const server = closing(await listen(`unix:${path}`))
    expect(Buffer.byteLength(server.address)).toBe('unix:'.length + 103)
    ;(await connect(`unix:${path}`)).destroy()
  })
})

describe.skipIf(!hasUnix)('taking over', () => {
  test('a live listener is not replaced unless takeOver says so', async () => {
    const path = socketPath()
    closing(await listen(`unix:${path}`))
    await expect(listen(`unix:${path}`)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining('a server is listening there'),
    })
  })

  test('the successor gets new connections, and the close of the old listener leaves its file', async () => {
    const path = socketPath()
    const old = await listen(`unix:${path}`)
    old.on('connection', (connection) => connection.end('old'))
    expect(await lineOf(await connect(`unix:${path}`))).toBe('old')
    const successor = closing(await listen(`unix:${path}`, { takeOver: true }))
    successor.on('connection', (connection) => connection.end('new'))
    expect(successor.address).toBe(`unix:${path}`)
    expect(await lineOf(await connect(`unix:${path}`))).toBe('new')
    await old.close()
    expect(await lineOf(await connect(`unix:${path}`))).toBe('new')
    expect(readdirSync(dirname(path))).toEqual(['s'])
  })

  test('no client is lost: what waits in the backlog of the old listener is served before it closes', async () => {
    const path = socketPath()
    for (let round = 0; round < 20; round += 1) {
      const old = await listen(`unix:${path}`, { takeOver: true })
      old.on('connection', (connection) => connection.end('old'))
      // connect(2) succeeds as soon as the connection is in the backlog; this thread has not accepted it yet.
      const waiting = Array.from({ length: 10 }, () => connect(`unix:${path}`).then(lineOf))
      const successor = await listen(`unix:${path}`, { takeOver: true })
      successor.on('connection', (connection) => connection.end('new'))
      const closed = old.close({ graceMs: 2000 })
      for (const answer of await Promise.all(waiting)) expect(answer).toMatch(/^(old|new)$/)
      await closed
      await successor.close()
    }
  })

  test('processes that take over from each other at once never fail, and no client is lost', async () => {
    const path = socketPath()
    const script = new URL('./fixtures/take-over.ts', import.meta.url)
    // They end with the test, as the last of their listeners stay until then.
    const servers = [1, 2, 3].map(() => spawnScript(script, [path]))
    await Promise.all(servers.map((each) => each.waitForLine(/^listening$/, 30_000)))
    const isOver = (): boolean => servers.every((each) => each.stdout().includes('done'))
    const failed = Promise.race(
      servers.map(async (each) => {
        throw new Error(`a server has ended: ${JSON.stringify(await each.exit)} ${each.stderr()}`)
      }),
    )
    const clients = async (): Promise<number> => {
      let served = 0
      while (!isOver()) {
        expect(await lineOf(await connect(`unix:${path}`))).toBe('served')
        served += 1
        await new Promise(setImmediate)
      }
      return served
    }
    expect(await Promise.race([clients(), failed])).toBeGreaterThan(0)
  }, 90_000)

  test('a file that somebody else put there after an unlink is not removed by close', async () => {
    const path = socketPath()
    const server = await listen(`unix:${path}`)
    removeSocketFile(path)
    writeFileSync(path, 'somebody else')
    await server.close()
    expect(readdirSync(dirname(path))).toEqual(['s'])
  })

  test('a stranger that listens there is replaced as well', async () => {
    const path = socketPath()
    const stranger = sockets.open('unix')
    onTestFinished(() => stranger.close())
    sockets.bind(stranger, UnixAddress.path(path))
    sockets.listen(stranger, 1)
    const server = closing(await listen(`unix:${path}`, { takeOver: true }))
    server.on('connection', (connection) => connection.end('mine'))
    expect(await lineOf(await connect(`unix:${path}`))).toBe('mine')
  })
})
