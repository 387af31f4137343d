// An acknowledgement settles its own line and no other, and errors of a client are SocketErrors.
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { codeOf, rejectionOf, until } from '@uds/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { LineClient, SocketError } from '../src/index.ts'
import { namedPipes } from '../src/unixevents/channel/platform.ts'
import { freshPath, join, serve } from './fixtures/line-ends.ts'

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** A server of node:net at a fresh path. */
const foreign = async (
  accept: (socket: Socket) => void,
): Promise<{ readonly path: string; readonly close: () => void }> => {
  const path = freshPath()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    accept(socket)
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => void server.listen(path.replace(/^pipe:/, '\\\\.\\pipe\\'), resolve))
  return { path, close: () => void server.close() }
}

describe('an acknowledgement', () => {
  test('that comes after its wait was given up settles no other line, and is no line', async () => {
    const gate = Promise.withResolvers<void>()
    const handled: string[] = []
    const server = await serve({
      withAck: true,
      handler: async (line) => {
        if (line === 'slow') await gate.promise
        if (line === 'bad') throw new Error('no')
        handled.push(line)
      },
    })
    const client = await join(server)
    expect(await codeOf(client.sendAndWait('slow', { timeoutMs: 20 }))).toBe('ETIMEDOUT')
    const bad = codeOf(client.sendAndWait('bad', { timeoutMs: 300 }))
    gate.resolve()
    expect(await bad).toBe('ETIMEDOUT')
    expect(await client.sendAndWait('good')).toBe('__ACK__\n')
    expect(handled).toEqual(['slow', 'good'])
    server.broadcast('a line')
    expect(await client.receive()).toBe('a line')
  })

  test('of several lines at once goes to the line that was handled', async () => {
    const server = await serve({
      withAck: true,
      handler: (line) => {
        if (line === 'bad') throw new Error('no')
      },
    })
    const client = await join(server)
    const results = Promise.all(
      ['good', 'bad', 'good'].map((line) => codeOf(client.sendAndWait(line, { timeoutMs: 300 }))),
    )
    expect(await results).toEqual(['no error', 'ETIMEDOUT', 'ETIMEDOUT'])
    expect(await client.sendAndWait('good')).toBe('__ACK__\n')
  })

  test('that its signal gave up leaves the next line to a new connection, and lines are kept', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await serve({
      withAck: true,
      handler: (line) => (line === 'slow' ? gate.promise : undefined),
    })
    const client = await join(server)
    server.broadcast('before')
    const abort = new AbortController()
    const waiting = codeOf(client.sendAndWait('slow', { signal: abort.signal }))
    const reason = new Error('mine')
    await until(() => server.clients === 1)
    abort.abort(reason)
    expect(await waiting).toBe(reason)
    const next = client.sendAndWait('next')
    const sent = client.send('sent meanwhile')
    gate.resolve()
    expect(await next).toBe('__ACK__\n')
    await sent
    expect(await client.receive()).toBe('before')
    expect(server.clients).toBe(1)
  })

  test('has no new connection where the server listens no more, and the client says so', async () => {
    const { path, close } = await foreign((socket) => void socket.resume().on('end', () => socket.end()))
    const client = await LineClient.connect({ path })
    onTestFinished(() => client.close())
    expect(await codeOf(client.sendAndWait('x', { timeoutMs: 20 }))).toBe('ETIMEDOUT')
    close()
    const error = await rejectionOf(client.sendAndWait('y'))
    expect(error).toBeInstanceOf(SocketError)
    expect(error.code).toMatch(/^(ENOENT|ECONNREFUSED)$/)
    expect(await codeOf(client.receive())).toBe(error.code)
  })
})

describe('the errors of a line client', () => {
  test.skipIf(namedPipes)('are SocketErrors when the server has gone', async () => {
    const { path } = await foreign((socket) => void socket.destroy())
    const client = await LineClient.connect({ path })
    let error: unknown
    while (error === undefined) error = await client.send('x').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SocketError)
    expect((error as SocketError).code).toMatch(/^(EPIPE|ECONNRESET|ERR_DISCONNECTED)$/)
    const later = await rejectionOf(client.sendAndWait('x'))
    expect(later).toBeInstanceOf(SocketError)
  })

  test('end no process when nobody awaits them', async () => {
    const { path } = await foreign((socket) => void socket.destroy())
    const unhandled = vi.fn<(error: unknown) => void>()
    process.on('unhandledRejection', unhandled)
    onTestFinished(() => void process.off('unhandledRejection', unhandled))
    const client = await LineClient.connect({ path })
    onTestFinished(() => client.close())
    for (let n = 0; n < 20; n++) {
      void client.send('x')
      void client.sendAndWait('x', { timeoutMs: 5 })
      await turn()
    }
    expect(await client.receive().catch(() => null)).toBeNull()
    expect(await codeOf(client.sendAndWait('x'))).not.toBe('no error')
    await turn()
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('are SocketErrors after it was closed', async () => {
    const server = await serve()
    const client = await join(server)
    await client.close()
    for (const call of [() => client.send('x'), () => client.sendAndWait('x'), () => client.connect()]) {
      const error = await rejectionOf(call())
      expect(error).toBeInstanceOf(SocketError)
      expect(error.code).toBe('ERR_CLOSED')
    }
  })

  test('end an exit that a server does not read', async () => {
    const { path } = await foreign((socket) => void socket.pause())
    const client = await LineClient.connect({ path })
    for (let n = 0; n < 100; n++) void client.send('x'.repeat(100_000)).catch(() => {})
    await client.exit()
    expect(await codeOf(client.send('x'))).toBe('ERR_CLOSED')
  })
})
