/** What only Windows has: named pipes, and AF_UNIX by Winsock with its files. */
import { closeSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect as netConnect } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectNoLeak, freshName, socketPath, spawnScript } from '@uds/testkit'
import { tryLock } from '@uds/pipes/win32'
import { capabilities, findFile, sockets, UnixAddress } from '@uds/winsock-ffi'
import { connect, listen, peerCredentials, pipe, SocketError, type Listener } from '@uds/stream'
import { closing, lineOf, onPosix } from './support.ts'

const address = (): string => `pipe:${freshName()}`

describe.skipIf(onPosix)('named pipes', () => {
  test('a byte pipe is a net.Socket of libuv', async () => {
    const server = closing(await listen(address()))
    server.on('connection', (connection) => connection.pipe(connection))
    const client = await connect(server.address)
    expect(client.constructor.name).toBe('Socket')
    client.write('echo')
    const [data] = await once(client, 'data')
    expect(String(data)).toBe('echo')
    client.destroy()
  })

  test("Node's own client is served", async () => {
    const server = closing(await listen(address()))
    server.on('connection', (connection) => connection.end('hello'))
    const path = `\\\\.\\pipe\\${server.address.slice('pipe:'.length)}`
    expect(await lineOf(netConnect(path))).toBe('hello')
  })

  test('both ends know the process and the user of the other', async () => {
    for (const halfClose of [false, true]) {
      const server = closing(await listen(address(), { halfClose }))
      const client = await connect(server.address)
      const { value: accepted } = await server[Symbol.asyncIterator]().next()
      const expected = { pid: process.pid, sid: expect.stringMatching(/^S-1-/) }
      expect(peerCredentials(client)).toMatchObject(expected)
      expect(peerCredentials(accepted)).toMatchObject(expected)
      client.destroy()
    }
  })

  test('a client finds out by itself that the pipe has a half close', async () => {
    const server = closing(await listen(address(), { halfClose: true, allowHalfOpen: true }))
    server.on('connection', async (connection) => {
      const question = await lineOf(connection)
      await sleep(200)
      connection.end(`late reply to ${question}`)
    })
    const client = await connect(server.address, { allowHalfOpen: true })
    client.end('the question')
    expect(await lineOf(client)).toBe('late reply to the question')
  })

  test('halfClose of the client alone is EPROTOTYPE', async () => {
    const server = closing(await listen(address()))
    await expect(connect(server.address, { halfClose: true })).rejects.toMatchObject({ code: 'EPROTOTYPE' })
  })

  test('a message that is longer than a read comes whole', async () => {
    const server = closing(await listen(address(), { halfClose: true }))
    const received = (async (): Promise<string> => {
      for await (const connection of server) return await lineOf(connection)
      return ''
    })()
    const script = new URL('./fixtures/long-message.ts', import.meta.url)
    const writer = spawnScript(script, [`\\\\.\\pipe\\${server.address.slice('pipe:'.length)}`])
    expect((await received).length).toBe(300_000)
    await writer.exit
  })

  test('a blocking client of @uds/pipes is the same user', async () => {
    const server = closing(await listen('name:blocking-meets-async', { authorize: 'sameUser' }))
    const script = new URL('./fixtures/blocking-client.ts', import.meta.url)
    server.on('connection', (connection) => connection.end('met'))
    const client = spawnScript(script, ['blocking-meets-async'])
    await client.exit
    expect(client.stdout()).toBe('met')
  })

  test('a name is a pipe with the SID of the user in it', async () => {
    const server = closing(await listen(`name:${freshName()}`))
    expect(server.address).toMatch(/^pipe:uds-S-1-[\d-]+-u-/)
  })

  test('more clients than instances wait, and all are served', async () => {
    const server = closing(await listen(address(), { backlog: 1 }))
    server.on('connection', (connection) => connection.end('served'))
    const answers = await Promise.all(
      Array.from({ length: 12 }, async () => await lineOf(await connect(server.address))),
    )
    expect(new Set(answers)).toEqual(new Set(['served']))
  })

  test('listeners share threads, of which each waits for as many pipes as one call can', async () => {
    let started = 0
    const count = (): void => {
      started += 1
    }
    subscribe('worker_threads', count)
    onTestFinished(() => {
      unsubscribe('worker_threads', count)
    })
    const servers = await Promise.all(
      Array.from({ length: 20 }, async () => closing(await listen(address()))),
    )
    // Eight instances each, 63 of them to a thread, and a thread may be there already.
    expect(started).toBeLessThanOrEqual(3)
    for (const server of servers) {
      server.on('connection', (connection) => connection.end(server.address))
    }
    for (const server of servers) expect(await lineOf(await connect(server.address))).toBe(server.address)
    // What the closed ones waited for is no other's: those that stay and those that come are served.
    await Promise.all(servers.slice(1).map((server) => server.close()))
    const late = closing(await listen(address()))
    late.on('connection', (connection) => connection.end('late'))
    expect(await lineOf(await connect(servers[0]!.address))).toBe(servers[0]!.address)
    expect(await lineOf(await connect(late.address))).toBe('late')
  })

  test('a security descriptor that is none is refused before a pipe exists', async () => {
    const where = address()
    await expect(listen(where, { security: { sddl: 'nonsense' } })).rejects.toThrow(TypeError)
    await expect(listen(where, { security: 'anybody' as 'os-default' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
    await expect(connect(where)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('errors name the call that failed as Node does, and the address', async () => {
    const where = address()
    await expect(connect(where)).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'connect',
      address: where,
      message: expect.stringContaining('server started'),
    })
    closing(await listen(where))
    await expect(listen(where)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
      address: where,
    })
  })

  test.each([
    ['a byte pipe', false],
    ['a pipe with a half close', true],
  ])(
    'a peer of %s that goes while it waits for authorize frees its place at once',
    async (_kind, halfClose) => {
      let asked = 0
      const server = closing(
        await listen(address(), {
          halfClose,
          maxAuthorizing: 1,
          authorizeTimeoutMs: Infinity,
          authorize: () => {
            asked += 1
            return asked > 1 || new Promise<boolean>(() => {})
          },
        }),
      )
      const first = await connect(server.address)
      // What it has written is not read, and does not hide that it has gone.
      first.write('unread')
      await expect.poll(() => asked, { timeout: 10_000 }).toBe(1)
      first.destroy()
      await expect.poll(() => server.connections, { timeout: 10_000 }).toBe(0)
      server.on('connection', (connection) => connection.end('second'))
      expect(await lineOf(await connect(server.address))).toBe('second')
    },
  )

  test.each([false, true])('connecting and closing leaves no handle (halfClose %s)', async (halfClose) => {
    const server = closing(await listen(address(), { halfClose }))
    server.on('connection', (connection) => connection.resume().end())
    await expectNoLeak(async () => {
      const client = await connect(server.address)
      client.resume().end()
      await new Promise((resolve) => {
        client.once('close', resolve)
      })
    })
  })

  test.each([false, true])(
    'listening and closing leaves no handle (halfClose %s)',
    async (halfClose) => {
      // Each listener of byte pipes has a thread, which takes its time to start.
      await expectNoLeak(
        async () => {
          const server = await listen(address(), { halfClose })
          await server.close()
        },
        { times: 12 },
      )
    },
    40_000,
  )

  test('a process whose pipes are closed ends by itself', async () => {
    const script = new URL('./fixtures/pipe-round.ts', import.meta.url)
    const run = spawnScript(script, [freshName()])
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stdout()).toBe('answer\nanswer\n')
  }, 40_000)
})

test.skipIf(!onPosix)('named pipes are ENOTSUP elsewhere, and say what to use', async () => {
  for (const action of [pipe.connect('pipe:x'), pipe.listen('pipe:x')]) {
    await expect(action).rejects.toMatchObject({ code: 'ENOTSUP', message: expect.stringContaining('unix:') })
  }
  await expect(connect('npipe:////./pipe/x')).rejects.toBeInstanceOf(SocketError)
})

const { afUnix, adoption } = capabilities()

describe.skipIf(onPosix || !afUnix || !adoption)('the files of AF_UNIX on Windows', () => {
  test('listening makes a socket file, and closing removes it', async () => {
    const path = socketPath()
    const server = await listen(`unix:${path}`)
    // Wine and Windows 10 1809 show it as an ordinary file without bytes.
    expect(findFile(path)).toMatchObject({ kind: expect.stringMatching(/^(socket|file)$/), size: 0 })
    await server.close()
    expect(readdirSync(dirname(path))).toEqual([])
  })

  test('however fast it comes, the successor keeps its file when the old listener closes', async () => {
    const path = socketPath()
    let old = await listen(`unix:${path}`)
    for (let round = 0; round < 10; round += 1) {
      const successor = await listen(`unix:${path}`, { takeOver: true })
      await old.close()
      expect(findFile(path)).toBeDefined()
      old = successor
    }
    await old.close()
    expect(readdirSync(dirname(path))).toEqual([])
  })

  test('a takeOver that is aborted leaves the live listener its file', async () => {
    const path = socketPath()
    const server = closing(await listen(`unix:${path}`))
    server.on('connection', (connection) => connection.end('alive'))
    const reason = new Error('not now')
    const controller = new AbortController()
    const replacing = listen(`unix:${path}`, { takeOver: true, signal: controller.signal })
    controller.abort(reason)
    await expect(replacing).rejects.toBe(reason)
    expect(await lineOf(await connect(`unix:${path}`))).toBe('alive')
  })

  test('listen waits while another has the lock of the path', async () => {
    const path = socketPath()
    const lock = tryLock(`${path}.lock`)
    expect(lock).toBeTypeOf('number')
    expect(tryLock(`${path}.lock`)).toBe('held')
    let released = false
    const listening = listen(`unix:${path}`).then((server) => {
      expect(released).toBe(true)
      return closing(server)
    })
    // Time to go wrong in; however long it takes, nothing may happen.
    await sleep(100)
    released = true
    closeSync(lock as number)
    await listening
    expect(readdirSync(dirname(path))).toEqual(['s'])
  })

  test('a lock goes with its holder, even one that is killed', async () => {
    const path = socketPath()
    await spawnScript(new URL('./fixtures/die-locking.ts', import.meta.url), [path]).exit
    closing(await listen(`unix:${path}`))
    expect(readdirSync(dirname(path))).toEqual(['s'])
  })

  test('connect waits for a server that is being replaced', async () => {
    const path = socketPath()
    const lock = tryLock(`${path}.lock`)
    const connecting = connect(`unix:${path}`)
    // Time to go wrong in.
    await sleep(100)
    const successor = sockets.open('unix')
    onTestFinished(() => successor.close())
    sockets.bind(successor, UnixAddress.path(path))
    sockets.listen(successor, 1)
    closeSync(lock as number)
    const connection = await connecting
    expect(connection.readyState).toBe('open')
    connection.destroy()
  })

  test('a directory or a file in the way is left alone, and named', async () => {
    const directory = socketPath()
    mkdirSync(directory)
    await expect(listen(`unix:${directory}`)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining('a directory'),
    })
    const file = socketPath()
    writeFileSync(file, 'precious')
    await expect(listen(`unix:${file}`, { takeOver: true })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining('a regular file'),
    })
    expect(existsSync(file)).toBe(true)
  })

  test('a mode becomes an access control list, or is refused where the system sets none (Wine)', async () => {
    for (const mode of [0o600, 0o666]) {
      const path = socketPath()
      const opened = await listen(`unix:${path}`, { mode }).catch((error: unknown) => error)
      if (opened instanceof Error) {
        expect(opened).toMatchObject({ code: 'ENOTSUP', message: expect.stringContaining('directory') })
        expect(readdirSync(dirname(path))).toEqual([])
      } else {
        const server = closing(opened as Listener)
        server.on('connection', (connection) => connection.end('in'))
        expect(await lineOf(await connect(server.address))).toBe('in')
      }
    }
  })

  test('uid, gid and abstract names are ENOTSUP', async () => {
    await expect(listen(`unix:${socketPath()}`, { uid: 0 })).rejects.toMatchObject({ code: 'ENOTSUP' })
    await expect(listen('unix:@abstract')).rejects.toMatchObject({ code: 'ENOTSUP' })
    await expect(connect('unix:@abstract')).rejects.toMatchObject({ code: 'ENOTSUP' })
  })

  test('a path of 108 bytes is ENAMETOOLONG, with the number of its bytes', async () => {
    const path = `C:\\${'x'.repeat(120)}`
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
      message: expect.stringContaining('123 bytes'),
    })
  })
})

test.skipIf(onPosix)('descriptors are ENOTSUP on Windows', async () => {
  await expect(connect('fd:3')).rejects.toMatchObject({ code: 'ENOTSUP' })
  await expect(listen('fd:3')).rejects.toMatchObject({ code: 'ENOTSUP' })
})
