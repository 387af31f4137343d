/** What a listener keeps to, whatever happens to its connections. */
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect as netConnect, Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectNoLeak, socketPath, spawnScript } from '@uds/testkit'
import { InetAddress, sockets } from '@uds/winsock-ffi'
import { connect, counters, listen, peerCredentials, unix, type PeerCredentials } from '@uds/stream'
import { closing, lineOf, onPosix } from './support.ts'

/** A listener whose backlog is full: further connects of TCP hang until they time out. */
const hanging = async (): Promise<string> => {
  const handle = sockets.open('inet')
  onTestFinished(() => handle.close())
  sockets.bind(handle, new InetAddress('127.0.0.1', 0))
  sockets.listen(handle, 0)
  const address = sockets.localAddress(handle).toString()
  for (let count = 0; count < 8; count += 1) {
    const filler = connect(address, { timeoutMs: 200 }).catch(() => undefined)
    const connection = await filler
    if (!connection) return address
    onTestFinished(() => void connection.destroy())
  }
  throw new Error('the backlog never filled')
}

describe.skipIf(!unix.capabilities.listen)('connections of AF_UNIX', () => {
  test('are net.Sockets, and nothing else, on both ends', async () => {
    const server = closing(await listen(`unix:${socketPath()}`))
    const client = await connect(server.address as `unix:${string}`)
    const { value: accepted } = await server[Symbol.asyncIterator]().next()
    expect(Object.getPrototypeOf(client)).toBe(Socket.prototype)
    expect(Object.getPrototypeOf(accepted)).toBe(Socket.prototype)
    client.destroy()
  })

  test('onread reads into one buffer', async () => {
    const server = closing(await listen(`unix:${socketPath()}`))
    server.on('connection', (connection) => connection.end('twelve bytes'))
    const buffer = Buffer.alloc(64)
    let got = ''
    const client = await connect(server.address, {
      onread: {
        buffer,
        callback: (length, into) => {
          got += Buffer.from(into.buffer, into.byteOffset, length)
          return true
        },
      },
    })
    await once(client, 'close')
    expect(got).toBe('twelve bytes')
  })

  test('pipeline carries an echo', async () => {
    const server = closing(await listen(`unix:${socketPath()}`, { allowHalfOpen: true }))
    server.on('connection', (connection) => void pipeline(connection, connection))
    const client = await connect(server.address, { allowHalfOpen: true })
    client.end('there and back')
    expect(await lineOf(client)).toBe('there and back')
  })

  test.skipIf(!unix.capabilities.credentials)(
    'peerCredentials tells this process, at both ends',
    async () => {
      const server = closing(await listen(`unix:${socketPath()}`))
      const client = await connect(server.address)
      const { value: accepted } = await server[Symbol.asyncIterator]().next()
      const mine = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() }
      expect(peerCredentials(client)).toMatchObject(mine)
      expect(peerCredentials(accepted)).toMatchObject(mine)
      client.destroy()
      expect(() => peerCredentials(client)).toThrow(expect.objectContaining({ code: 'EBADF' }))
    },
  )

  test.skipIf(!unix.capabilities.credentials)('peerCredentials tells another process', async () => {
    const server = closing(await listen(`unix:${socketPath()}`))
    const script = new URL('./fixtures/connect-and-wait.ts', import.meta.url)
    const other = spawnScript(script, [server.address])
    const { value: accepted } = await server[Symbol.asyncIterator]().next()
    expect(peerCredentials(accepted).pid).toBe(other.pid)
    accepted.destroy()
  })
})

describe.skipIf(!onPosix)('authorize', () => {
  test('holds the reading until it has answered', async () => {
    const asked = Promise.withResolvers<Socket>()
    const decision = Promise.withResolvers<boolean>()
    const server = closing(
      await listen(`unix:${socketPath()}`, {
        authorize: (_peer, connection) => {
          asked.resolve(connection as Socket)
          return decision.promise
        },
      }),
    )
    const client = await connect(server.address)
    client.write('secret')
    const held = await asked.promise
    await sleep(50)
    expect(held.bytesRead).toBe(0)
    decision.resolve(true)
    const { value: accepted } = await server[Symbol.asyncIterator]().next()
    expect(accepted).toBe(held)
    // An ordinary listener for data starts the flow, as with any other connection.
    const [data] = await once(accepted, 'data')
    expect(String(data)).toBe('secret')
    client.destroy()
  })

  test.each([
    ['answers false', () => false],
    ['answers with anything but true', () => 1 as unknown as boolean],
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['never answers', () => new Promise<boolean>(() => {})],
  ])('a peer is refused when it %s', async (_how, authorize) => {
    const server = closing(await listen(`unix:${socketPath()}`, { authorize, authorizeTimeoutMs: 50 }))
    const told = once(server, 'connectionError')
    const client = await connect(server.address)
    client.resume()
    const [error] = await told
    expect(error).toMatchObject({ code: 'EACCES', syscall: 'authorize' })
    await once(client, 'close')
    await expect.poll(() => server.connections).toBe(0)
  })

  test('more peers than maxAuthorizing are refused at once', async () => {
    const server = closing(
      await listen(`unix:${socketPath()}`, {
        maxAuthorizing: 2,
        authorize: () => new Promise<boolean>(() => {}),
      }),
    )
    const dropped = once(server, 'drop')
    const clients = await Promise.all([1, 2, 3].map(() => connect(server.address)))
    expect(await dropped).toEqual(['maxAuthorizing'])
    for (const client of clients) client.destroy()
  })

  test.each(['unix', 'memory'])(
    'a peer that goes while it waits frees its place at once (%s)',
    async (scheme) => {
      let asked = 0
      const server = closing(
        await listen(scheme === 'unix' ? `unix:${socketPath()}` : 'memory:leaving', {
          maxAuthorizing: 1,
          authorize: () => {
            asked += 1
            return asked > 1 || new Promise<boolean>(() => {})
          },
          authorizeTimeoutMs: Infinity,
        }),
      )
      const first = await connect(server.address)
      // What it has written is not read, and does not hide that it has gone.
      first.write('unread')
      await expect.poll(() => asked).toBe(1)
      first.destroy()
      await expect.poll(() => server.connections).toBe(0)
      server.on('connection', (connection) => connection.end('second'))
      expect(await lineOf(await connect(server.address))).toBe('second')
    },
  )

  test('a peer that has ended its half while it waits is still answered', async () => {
    const asked = Promise.withResolvers<void>()
    const decision = Promise.withResolvers<boolean>()
    const server = closing(
      await listen(`unix:${socketPath()}`, {
        allowHalfOpen: true,
        authorize: () => {
          asked.resolve()
          return decision.promise
        },
      }),
    )
    server.on('connection', (connection) => void pipeline(connection, connection))
    const client = await connect(server.address, { allowHalfOpen: true })
    client.end('a question')
    await asked.promise
    // Longer than it takes to notice one that has gone.
    await sleep(100)
    decision.resolve(true)
    expect(await lineOf(client)).toBe('a question')
  })

  test('sameUser refuses another user', async () => {
    let seen: PeerCredentials | undefined
    const server = closing(
      await listen(`unix:${socketPath()}`, {
        authorize: (peer) => {
          seen = peer
          return peer.uid !== process.getuid!()
        },
      }),
    )
    const told = once(server, 'connectionError')
    ;(await connect(server.address)).resume()
    await told
    expect(seen).toMatchObject({ pid: process.pid })
  })

  test('is ENOTSUP where nobody vouches for peers, and a TypeError when it is neither', async () => {
    await expect(listen('tcp:127.0.0.1:0', { authorize: 'sameUser' })).rejects.toMatchObject({
      code: 'ENOTSUP',
    })
    await expect(
      listen(`unix:${socketPath()}`, { authorize: 'everybody' as 'sameUser' }),
    ).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })
})

describe('limits', () => {
  test('connections that nobody takes are kept up to maxQueued, and dropped beyond', async () => {
    const server = closing(await listen('tcp:127.0.0.1:0', { maxQueued: 3 }))
    const drops: string[] = []
    server.on('drop', (reason) => drops.push(reason))
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect(server.address)))
    for (const client of clients) client.resume()
    await expect.poll(() => drops).toEqual(['maxQueued', 'maxQueued'])
    let taken = 0
    for await (const connection of server) {
      connection.destroy()
      taken += 1
      if (taken === 3) break
    }
    expect(taken).toBe(3)
  })

  test.each([
    [{ maxConnections: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ maxQueued: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ maxConnections: '5' }, 'ERR_INVALID_ARG_TYPE'],
    [{ authorize: 'sameUser', authorizeTimeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
  ])('a wrong limit %j is refused before anything is opened', async (options, code) => {
    await expect(listen('memory:limits', options as object)).rejects.toMatchObject({ code })
  })

  test.skipIf(!onPosix)('a wrong mode is refused before anything is opened', async () => {
    for (const mode of [-1, 0o1000, 1.5, '600' as unknown as number]) {
      await expect(listen(`unix:${socketPath()}`, { mode })).rejects.toMatchObject({
        code: 'ERR_OUT_OF_RANGE',
      })
    }
  })
})

describe('what happens to one connection', () => {
  test('a reset by the peer is connectionError, and the process goes on', async () => {
    const server = closing(await listen('tcp:127.0.0.1:0'))
    const told = once(server, 'connectionError')
    server.on('connection', (connection) => connection.write('unread'))
    const client = await connect(server.address as `tcp:${string}`)
    await once(client, 'readable')
    client.resetAndDestroy()
    const [error] = await told
    expect(error).toMatchObject({ code: 'ECONNRESET' })
  })

  test('an error of a client that nobody listens for does not end the process', async () => {
    const server = closing(await listen('tcp:127.0.0.1:0'))
    const client = await connect(server.address)
    server.on('connection', (connection) => connection.resetAndDestroy())
    // once() would be a listener for the error.
    await new Promise((resolve) => {
      client.resume().on('close', resolve)
    })
    expect(client.errored).toMatchObject({ code: 'ECONNRESET' })
  })

  test('a peer that is half open for ever does not hold close beyond its grace', async () => {
    const server = await listen('tcp:127.0.0.1:0', { allowHalfOpen: true })
    const client = await connect(server.address, { allowHalfOpen: true })
    client.resume().end()
    await once(server, 'connection')
    await server.close({ graceMs: 20 })
    expect(server.connections).toBe(0)
    client.destroy()
  })

  test('leaving the loop leaves the listener open, and what comes is taken by the next loop', async () => {
    const server = closing(await listen('tcp:127.0.0.1:0'))
    for (let round = 0; round < 3; round += 1) {
      const client = await connect(server.address)
      for await (const connection of server) {
        connection.end('hello')
        break
      }
      expect(await lineOf(client)).toBe('hello')
    }
  })

  test.each([
    ['TCP', () => 'tcp:127.0.0.1:0', true],
    ['AF_UNIX', () => `unix:${socketPath()}`, unix.capabilities.listen],
  ])(
    '1000 connections of %s made and closed leave no handle',
    async (_kind, address, possible) => {
      if (!possible) return
      const server = closing(await listen(address()))
      server.on('connection', (connection) => connection.resume())
      await expectNoLeak(
        async () => {
          const client = await connect(server.address)
          client.resume().end()
          await once(client, 'close')
        },
        { times: 1000 },
      )
    },
    60_000,
  )
})

describe('connecting', () => {
  test('retryUntilMs waits for a server that starts later', async () => {
    const probe = await listen('tcp:127.0.0.1:0')
    const { address } = probe
    await probe.close()
    const connecting = connect(address, { retryUntilMs: 10_000 })
    await sleep(50)
    const server = closing(await listen(address))
    server.on('connection', (connection) => connection.end('late'))
    expect(await lineOf(await connecting)).toBe('late')
  })

  test('retryUntilMs gives up with the last error', async () => {
    const started = performance.now()
    await expect(connect('memory:nobody', { retryUntilMs: 60 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    expect(performance.now() - started).toBeGreaterThanOrEqual(55)
  })

  test('a signal ends the retrying with its reason', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const connecting = connect('memory:nobody', { retryUntilMs: 60_000, signal: controller.signal })
    setTimeout(() => controller.abort(reason), 20)
    await expect(connecting).rejects.toBe(reason)
  })

  test.skipIf(!onPosix)('a full backlog is EAGAIN, and retryUntilMs waits for room', async () => {
    const path = socketPath()
    const script = new URL('./fixtures/full-backlog.ts', import.meta.url)
    const busy = spawnScript(script, [path])
    await busy.waitForLine(/^listening$/)
    const held: Socket[] = []
    let full: unknown
    for (let count = 0; count < 64 && full === undefined; count += 1) {
      try {
        held.push(await connect(`unix:${path}`))
      } catch (error) {
        full = error
      }
    }
    expect(full).toMatchObject({ code: 'EAGAIN', message: expect.stringContaining('backlog') })
    const waiting = connect(`unix:${path}`, { retryUntilMs: 10_000 })
    busy.process.stdin!.write('accept\n')
    ;(await waiting).destroy()
    for (const each of held) each.destroy()
  })

  describe('to a server that never accepts', () => {
    test.skipIf(!onPosix)('timeoutMs is ETIMEDOUT, and nothing is left open', async () => {
      const address = await hanging()
      await expect(connect(address, { timeoutMs: 50 })).rejects.toMatchObject({
        code: 'ETIMEDOUT',
        address,
        message: expect.stringContaining('50 ms'),
      })
      await expectNoLeak(() => connect(address, { timeoutMs: 5 }).catch(() => {}))
    })

    test.skipIf(!onPosix)('abort rejects with the reason, and nothing is left open', async () => {
      const address = await hanging()
      const reason = new Error('the reason')
      await expectNoLeak(async () => {
        const controller = new AbortController()
        const connecting = connect(address, { signal: controller.signal })
        setImmediate(() => controller.abort(reason))
        await expect(connecting).rejects.toBe(reason)
      })
    })
  })
})

describe('what can be seen', () => {
  test('diagnostics_channel tells connect, listen, accept, close and error', async () => {
    const seen: string[] = []
    const names = ['connect', 'listen', 'accept', 'close', 'error'].map((name) => `uds.stream.${name}`)
    const subscriber = (_message: unknown, name: string | symbol): void => void seen.push(String(name))
    for (const name of names) diagnostics.subscribe(name, subscriber)
    try {
      const server = await listen('memory:seen')
      const client = await connect('memory:seen')
      client.destroy()
      await server.close()
      await expect(connect('memory:seen')).rejects.toThrow('ECONNREFUSED')
    } finally {
      for (const name of names) diagnostics.unsubscribe(name, subscriber)
    }
    expect(new Set(seen)).toEqual(new Set(names))
  })

  test('NODE_DEBUG=uds-stream prints what happens', async () => {
    const script = new URL('./fixtures/one-round.ts', import.meta.url)
    const run = spawnScript(script, [], { env: { NODE_DEBUG: 'uds-stream' } })
    await run.exit
    expect(run.stderr()).toMatch(/listening on memory:round/)
    expect(run.stderr()).toMatch(/connected to memory:round/)
  })

  test('counters count connections and bytes', async () => {
    const before = counters()
    const server = await listen('tcp:127.0.0.1:0')
    server.on('connection', (connection) => connection.resume())
    const client = await connect(server.address)
    client.resume().end(Buffer.alloc(1000))
    await once(client, 'close')
    await server.close()
    await expect(connect('memory:nobody')).rejects.toThrow('ECONNREFUSED')
    const after = counters()
    expect(after).toMatchObject({
      connected: before.connected + 1,
      accepted: before.accepted + 1,
      failed: before.failed + 1,
      open: before.open,
      bytesRead: before.bytesRead + 1000,
      bytesWritten: before.bytesWritten + 1000,
    })
  })

  test('the process ends when only an unreferenced listener is left', async () => {
    const script = new URL('./fixtures/unref.ts', import.meta.url)
    expect(await spawnScript(script).exit).toEqual({ code: 0, signal: null })
  })

  test.skipIf(!onPosix)('nothing loads koffi but credentials', async () => {
    const script = new URL('./fixtures/loads-koffi.ts', import.meta.url)
    const run = spawnScript(script, [socketPath()])
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stdout()).toBe('before false\nafter true\n')
  })
})

test.skipIf(!onPosix)('a client of node:net is served like any other', async () => {
  const path = socketPath()
  const server = closing(await listen(`unix:${path}`))
  server.on('connection', (connection) => connection.end('hello'))
  expect(await lineOf(netConnect(path))).toBe('hello')
})
