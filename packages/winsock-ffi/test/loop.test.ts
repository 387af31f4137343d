/** watch and adopt: the way into Node's loop. */
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { codeOfCall, errorOf, expectNoLeak, isWindows } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  adopt,
  capabilities,
  InetAddress,
  SocketError,
  sockets,
  watch,
  type AdoptOptions,
  type Readiness,
  type Watcher,
} from '@uds/winsock-ffi'
import { connected, families, listening, owned, receive, sendAll } from './connected.ts'

const strategies = ['poll-handle', 'worker', 'interval'] as const

const watched = (watcher: Watcher): Watcher => {
  onTestFinished(() => watcher.close())
  return watcher
}

/** All that comes until the end. Iterating would destroy the socket at its end on Node 22, its other half included. */
const readAll = async (socket: Socket): Promise<Buffer> => {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'end')
  return Buffer.concat(chunks)
}

describe.each(strategies)('watch by %s', (strategy) => {
  describe.each(families)('over %s', (family) => {
    test('tells of every connection that comes', async () => {
      const listener = listening(family)
      sockets.setNonblocking(listener, true)
      const clients = Array.from({ length: 20 }, () => owned(sockets.open(family)))
      let accepted = 0
      await new Promise<void>((resolve) => {
        watched(
          watch(
            listener,
            { readable: true },
            () => {
              for (let socket; (socket = sockets.tryAccept(listener)); accepted += 1) socket.close()
              if (accepted === clients.length) resolve()
              else if (accepted % 5 === 0) {
                for (const client of clients.slice(accepted, accepted + 5)) {
                  sockets.connect(client, sockets.localAddress(listener))
                }
              }
            },
            { strategy },
          ),
        )
        for (const client of clients.slice(0, 5)) sockets.connect(client, sockets.localAddress(listener))
      })
      expect(accepted).toBe(20)
    })

    test('waits for something else after setInterest, and for nothing in between', async () => {
      const [client, server] = connected(family)
      const told: Readiness[] = []
      let next = Promise.withResolvers<void>()
      const note = (_error: unknown, ready: Readiness): void => {
        told.push(ready)
        next.resolve()
      }
      const watcher = watched(watch(server, { readable: true }, note, { strategy }))
      watcher.setInterest({ writable: true })
      await next.promise
      expect(told[0]).toEqual({ readable: false, writable: true })
      watcher.setInterest({})
      const count = told.length
      sendAll(client, Buffer.from('x'))
      // Whoever waits elsewhere is told in the meantime.
      const elsewhere = Promise.withResolvers<void>()
      const [, other] = connected(family)
      const later = watched(watch(other, { writable: true }, () => elsewhere.resolve(), { strategy }))
      await elsewhere.promise
      later.close()
      expect(told).toHaveLength(count)
      next = Promise.withResolvers<void>()
      watcher.setInterest({ readable: true })
      await next.promise
      expect(told.at(-1)).toEqual({ readable: true, writable: false })
      watcher.close()
      watcher.setInterest({ writable: true })
    })

    test('is level-triggered: it goes on telling until the bytes are read', async () => {
      const [client, server] = connected(family)
      sockets.setNonblocking(server, true)
      let told = 0
      await new Promise<void>((resolve) => {
        const watcher = watched(
          watch(
            server,
            { readable: true },
            () => {
              told += 1
              if (told < 3) return
              watcher.close()
              resolve()
            },
            { strategy },
          ),
        )
        sendAll(client, Buffer.from('x'))
      })
      expect(told).toBe(3)
      expect(sockets.recv(server, Buffer.alloc(1))).toBe(1)
    })

    test('tells that there is room, and that the peer has gone', async () => {
      const [client, server] = connected(family)
      const ready = await new Promise((resolve) => {
        const watcher = watched(
          watch(
            client,
            { writable: true },
            (error, readiness) => {
              watcher.close()
              resolve(error ?? readiness)
            },
            { strategy },
          ),
        )
      })
      expect(ready).toMatchObject({ writable: true, readable: false })
      const gone = new Promise((resolve) => {
        const watcher = watched(
          watch(
            client,
            { readable: true },
            (error, readiness) => {
              watcher.close()
              resolve(error ?? readiness)
            },
            { strategy },
          ),
        )
      })
      server.close()
      expect(await gone).toMatchObject({ readable: true })
      expect(sockets.recv(client, Buffer.alloc(1))).toBe(0)
    })

    test('ends when the socket is closed', async () => {
      const [client, server] = connected(family)
      let told = 0
      const watcher = watched(watch(server, { readable: true }, () => (told += 1), { strategy }))
      server.close()
      watcher.close()
      client.close()
      // The next watcher hears of its socket, and the closed one has not by then.
      const [other, sender] = connected(family)
      const next = Promise.withResolvers<void>()
      const later = watched(
        watch(other, { readable: true }, () => (later.close(), next.resolve()), { strategy }),
      )
      sendAll(sender, Buffer.from('x'))
      await next.promise
      expect(told).toBe(0)
    })
  })

  test('leaves nothing open behind', async () => {
    const [client] = connected('inet')
    await expectNoLeak(
      async () => {
        await new Promise<void>((resolve) => {
          const watcher = watch(
            client,
            { writable: true },
            () => {
              watcher[Symbol.dispose]()
              resolve()
            },
            { strategy },
          )
        })
      },
      { times: strategy === 'worker' ? 5 : 40 },
    )
    // Starting a thread can take a second on a busy machine.
  }, 60_000)
})

describe('a watch that libuv would refuse', () => {
  test('of a file is ENOTSOCK, and of a descriptor that is closed EBADF', () => {
    const fd = openSync(fileURLToPath(import.meta.url), 'r')
    const file = owned(sockets.fromFd(fd, 'unix'))
    expect(codeOfCall(() => watch(file, { readable: true }, () => {}))).toMatch(/^(ENOTSOCK|EBADF)$/)
    closeSync(file.release())
    const gone = sockets.fromFd(fd, 'unix')
    expect(codeOfCall(() => watch(gone, { readable: true }, () => {}))).toMatch(/^(ENOTSOCK|EBADF)$/)
    gone.release()
  })

  test('of a socket that is watched already tells both', async () => {
    const [client, server] = connected('inet')
    const told = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    for (const each of told) watched(watch(server, { readable: true }, () => each.resolve()))
    sendAll(client, Buffer.from('x'))
    await Promise.all(told.map(({ promise }) => promise))
    expect(receive(server, 1).toString()).toBe('x')
  })

  test.skipIf(isWindows)('of a descriptor that a net.Socket reads leaves both working', async () => {
    const [client, server] = connected('inet')
    const socket = adopt(server).on('error', () => {})
    onTestFinished(() => void socket.destroy())
    const received = once(socket, 'data')
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
    const borrowed = sockets.fromFd(fd, 'inet')
    const watcher = watch(borrowed, { readable: true }, () => {})
    sendAll(client, Buffer.from('x'))
    expect(String((await received)[0])).toBe('x')
    watcher.close()
    borrowed.release()
  })
})

test.skipIf(isWindows)(
  'what arrived before the peer broke the connection is readable, and the error comes after it',
  async () => {
    const [client, server] = connected('unix')
    sockets.setNonblocking(server, true)
    sendAll(server, Buffer.from('never read by the client'))
    sendAll(client, Buffer.from('last words'))
    client.close()
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      const watcher = watched(
        watch(server, { readable: true }, (error) => {
          if (error) seen.push(`watch: ${error.code}`)
          try {
            const buffer = Buffer.alloc(100)
            const length = sockets.recv(server, buffer)
            seen.push(length === 0 ? 'end' : buffer.toString('utf8', 0, length))
            if (length > 0) return
          } catch (failure) {
            seen.push((failure as SocketError).code)
          }
          watcher.close()
          resolve()
        }),
      )
    })
    expect(seen[0]).toBe('last words')
    expect(['end', 'ECONNRESET']).toContain(seen[1])
  },
)

test('watch takes the poll handle where there is one', () => {
  const [client] = connected('inet')
  const watcher = watched(watch(client, { readable: true }, () => {}))
  watcher.unref()
  watcher.ref()
  expect(watcher.strategy).toBe(capabilities().pollHandle ? 'poll-handle' : 'worker')
})

test.each([
  ['no handle', () => watch(5 as never, { readable: true }, () => {})],
  ['no interest', () => watch(connected('inet')[0], {}, () => {})],
  ['no callback', () => watch(connected('inet')[0], { readable: true }, null as never)],
  [
    'an unknown strategy',
    () => watch(connected('inet')[0], { readable: true }, () => {}, { strategy: 'x' as never }),
  ],
])('watch with %s is a TypeError', (_what, call) => {
  expect(errorOf(call)).toBeInstanceOf(TypeError)
})

describe.each(families)('adopt over %s', (family) => {
  test('gives a net.Socket, and consumes the handle', async () => {
    const [client, server] = connected(family)
    const socket = adopt(client)
    expect(socket).toBeInstanceOf(Socket)
    expect(client.closed).toBe(true)
    expect(errorOf(() => adopt(client)).code).toBe('EBADF')
    socket.write('question')
    expect(receive(server, 8).toString()).toBe('question')
    socket.destroy()
    await once(socket, 'close')
  })

  test('carries megabytes both ways between two adopted ends, with half close', async () => {
    const [a, b] = connected(family).map((handle) => adopt(handle, { allowHalfOpen: true })) as [
      Socket,
      Socket,
    ]
    const sent = Buffer.alloc(3_000_000, 'some bytes ')
    a.end(sent)
    const received = await readAll(b)
    expect(received.equals(sent)).toBe(true)
    // The reply comes long after the peer has ended its half.
    b.end('late reply')
    expect((await readAll(a)).toString()).toBe('late reply')
  })

  test('honours the options of net.Socket', async () => {
    const [client, server] = connected(family)
    const chunks: string[] = []
    const socket = adopt(client, {
      onread: {
        buffer: Buffer.alloc(4),
        callback: (count, into) => {
          chunks.push(Buffer.from(into).toString('utf8', 0, count))
          return true
        },
      },
    })
    const ended = once(socket, 'close')
    sendAll(server, Buffer.from('abcdef'))
    server.close()
    await ended
    expect(chunks.join('')).toBe('abcdef')
    expect(chunks.every((chunk) => chunk.length <= 4)).toBe(true)
  })

  test('refuses a listener and an unconnected socket with ENOTCONN, and the caller still owns them', () => {
    for (const handle of [listening(family), owned(sockets.open(family))]) {
      expect(errorOf(() => adopt(handle))).toMatchObject({ code: 'ENOTCONN' })
      expect(handle.closed).toBe(false)
    }
  })

  test('leaves nothing open behind', async () => {
    const listener = listening(family)
    await expectNoLeak(
      async () => {
        const client = sockets.open(family)
        sockets.connect(client, sockets.localAddress(listener))
        const ends = [adopt(client), adopt(sockets.accept(listener))]
        ends.forEach((end) => end.destroy())
        await Promise.all(ends.map((end) => once(end, 'close')))
      },
      { times: 40 },
    )
  })
})

test('adopt refuses an option that does not exist, and keeps nothing', () => {
  const [client, server] = connected('inet')
  for (const options of [{ allowHalfopen: true }, { fd: 0 }]) {
    const error = errorOf(() => adopt(client, options as object))
    expect(error).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('does not exist'),
    })
  }
  expect(client.closed).toBe(false)
  adopt(client, { highWaterMark: 1024 } as AdoptOptions).destroy()
  server.close()
})

test('adopt refuses what is no stream with ENOTSUP', () => {
  const datagram = owned(sockets.open('inet', 'datagram'))
  sockets.connect(datagram, new InetAddress('127.0.0.1', 9))
  const error = errorOf(() => adopt(datagram))
  expect(error).toBeInstanceOf(SocketError)
  expect(error).toMatchObject({ code: 'ENOTSUP' })
  expect(error.message).toContain('watch()')
  expect(datagram.closed).toBe(false)
})

const refusal = (fd: number): Error => errorOf(() => adopt(sockets.fromFd(fd, 'unix')))

describe.skipIf(process.platform === 'win32')('adopt of a descriptor that something else opened', () => {
  test.skipIf(!capabilities().datagram)('asks the system for its type', () => {
    for (const end of sockets.pair('datagram').map(owned)) {
      const error = refusal(end.fd)
      expect(error).toMatchObject({ name: 'SocketError', code: 'ENOTSUP', syscall: 'adopt' })
      expect(error.message).toContain('this is a datagram socket')
    }
  })

  test('says that a file is no socket', () => {
    const fd = openSync(process.execPath, 'r')
    const error = refusal(fd)
    expect(error).toMatchObject({ name: 'SocketError', code: 'ENOTSOCK', syscall: 'adopt' })
    expect(error.message).toContain(`the descriptor ${fd} is no socket`)
    closeSync(fd)
  })

  test("says that Node's loop has it already", () => {
    const [a, b] = sockets.pair()
    const socket = adopt(a).on('error', () => {})
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
    expect(refusal(fd)).toMatchObject({ name: 'SocketError', code: 'EEXIST', syscall: 'adopt' })
    socket.destroy()
    b.close()
  })
})
