import type { connect as netConnect } from 'node:net'
import { createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { connect } from '@uds/stream'
import { codeOf, codeOfCall, until } from '@uds/testkit'
import { EventClient, EventServer, LineClient, LineServer } from '@uds/events'
import { Linker } from '@uds/events/unixevents'
import { FrameDecoder } from '../src/wire/decoder.ts'
import { encodeFrame, Flag, FrameType } from '../src/wire/frame.ts'
import { preamble, PREAMBLE_BYTES } from '../src/wire/handshake-messages.ts'
import { hello } from './fixtures/by-hand.ts'
import { join, serve, usual } from './fixtures/ends.ts'

/** Says some bytes as a stranger would; gives the code that the server ends with. */
const farewell = async (address: string, ...bytes: readonly Uint8Array[]): Promise<string | undefined> => {
  const connection: Duplex = await connect(address)
  let code: string | undefined
  let skipped = 0
  const decoder = new FrameDecoder((buffer, start, end) => {
    if (buffer[start] !== FrameType.goodbye) return
    code = (JSON.parse(buffer.toString('utf8', start + 4, end)) as { code: string }).code
  }, 1 << 20)
  connection.on('error', () => {})
  connection.on('data', (chunk: Buffer) => {
    const from = Math.min(PREAMBLE_BYTES - skipped, chunk.length)
    skipped += from
    decoder.push(chunk, from)
  })
  for (const piece of bytes) connection.write(piece)
  await new Promise((resolve) => connection.on('close', resolve))
  return code
}

const after = (...frames: readonly Uint8Array[]): Uint8Array[] => [preamble(), hello(), ...frames]
const name = (id: number, text: string | Uint8Array): Buffer => encodeFrame(FrameType.name, 0, id, -1, text)
const claim = (length: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(length)
  return bytes
}
const withVersion = (highest: number, lowest: number): Buffer => {
  const bytes = preamble()
  bytes[5] = highest
  bytes[6] = lowest
  return bytes
}

const cases: readonly (readonly [what: string, bytes: readonly Uint8Array[], code: string])[] = [
  ['an HTTP request', [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')], 'ERR_UNSUPPORTED_VERSION'],
  ['zeros', [Buffer.alloc(64)], 'ERR_UNSUPPORTED_VERSION'],
  ['a version of the future alone', [withVersion(9, 8)], 'ERR_UNSUPPORTED_VERSION'],
  ['a first frame that is no hello', [preamble(), name(1, 'a')], 'ERR_PROTOCOL'],
  ['a hello that is not JSON', [preamble(), encodeFrame(FrameType.hello, 0, 0, -1, '{')], 'ERR_PROTOCOL'],
  ['a hello that is a list', [preamble(), encodeFrame(FrameType.hello, 0, 0, -1, '[]')], 'ERR_PROTOCOL'],
  ['a hello without a session', [preamble(), hello({ session: undefined })], 'ERR_PROTOCOL'],
  ['a hello with a base of text', [preamble(), hello({ base: '1' })], 'ERR_PROTOCOL'],
  ['a hello with a codec that nobody has', [preamble(), hello({ codec: 'xml' })], 'ERR_UNSUPPORTED_CODEC'],
  ['a hello that demands the unknown', [preamble(), hello({ require: ['zstd'] })], 'ERR_UNSUPPORTED_OPTION'],
  ['a hello of a megabyte', [preamble(), hello({ name: 'x'.repeat(1 << 20) })], 'ERR_FRAME_TOO_LARGE'],
  ['a frame above the limit', after(claim(0x7fff_ffff)), 'ERR_FRAME_TOO_LARGE'],
  ['a frame that is too short', after(claim(3)), 'ERR_PROTOCOL'],
  ['an unknown type of frame', after(encodeFrame(99, 0, 0, 1, '')), 'ERR_PROTOCOL'],
  ['a name that was never told', after(encodeFrame(FrameType.emit, 0, 5, -1, '1')), 'ERR_PROTOCOL'],
  ['a name that is not UTF-8', after(name(1, Buffer.of(0xff, 0xfe))), 'ERR_INVALID_NAME'],
  ['a name of 300 bytes', after(name(1, 'n'.repeat(300))), 'ERR_INVALID_NAME'],
  ['a name with NUL', after(name(1, 'a\0b')), 'ERR_INVALID_NAME'],
  ['an empty name', after(name(1, '')), 'ERR_INVALID_NAME'],
  ['a name id above the limit', after(name(60_000, 'a')), 'ERR_TOO_MANY_NAMES'],
  [
    'a payload that is not JSON',
    after(name(1, 'a'), encodeFrame(FrameType.emit, 0, 1, -1, '{"a":')),
    'ERR_BAD_PAYLOAD',
  ],
  ['a payload that is not UTF-8', after(name(1, 'a'), notUtf8()), 'ERR_BAD_PAYLOAD'],
  [
    'JSON of a million brackets',
    after(name(1, 'a'), encodeFrame(FrameType.emit, 0, 1, -1, '['.repeat(1e6))),
    'ERR_TOO_DEEP',
  ],
  ['an id above 2^53', after(name(1, 'a'), hugeId()), 'ERR_PROTOCOL'],
  ['a frame without its id', after(encodeFrame(FrameType.cancel, 0, 0, -1, 'abc')), 'ERR_PROTOCOL'],
  ['an acknowledgement without a count', after(encodeFrame(FrameType.ack, 0, 0, 1, '')), 'ERR_PROTOCOL'],
]

function notUtf8(): Buffer {
  const frame = encodeFrame(FrameType.emit, 0, 1, -1, Buffer.from([0x22, 0xc3, 0x28, 0x22]))
  frame[5] = 0
  return frame
}
function hugeId(): Buffer {
  const frame = encodeFrame(FrameType.request, 0, 1, 0, '1')
  frame.fill(0xff, 8, 16)
  return frame
}

describe('the server', () => {
  test.each(cases)(
    'ends %s with a reason that both ends can read, and nobody else notices',
    async (_what, bytes, code) => {
      const server = await serve(usual(), { maxNames: 1000 })
      server.on('a', () => {})
      server.handle('a', () => {})
      const other = await join(server.address)
      expect(await farewell(server.address, ...bytes)).toBe(code)
      await until(() => server.peers.length === 1)
      // Told by 'error' for a stranger, by 'disconnect' for a peer.
      expect(await other.ping()).toBeGreaterThan(0)
    },
  )

  test('reports a stranger that it turned away', async () => {
    const server = await serve()
    await farewell(server.address, Buffer.from('hello?'))
    await until(() => server.errors.length === 1)
    expect(server.errors[0]).toMatchObject({ code: 'ERR_UNSUPPORTED_VERSION' })
  })

  test('ignores optional frames, optional flags, and unknown options that are not demanded', async () => {
    const server = await serve()
    const got = new Promise((resolve) => server.on('a', resolve))
    const optional = encodeFrame(FrameType.emit, 0, 1, -1, '"x"')
    optional[5] = Flag.latin1 | 0x40
    void farewell(
      server.address,
      preamble(),
      hello({ color: 'red', require: [] }),
      encodeFrame(200, 0, 0, -1, 'whatever'),
      name(1, 'a'),
      optional,
    )
    expect(await got).toBe('x')
  })

  // PROTOCOL.md L11
  test('gives up on who does not finish the handshake', async () => {
    const server = await serve(usual(), { handshakeTimeoutMs: 30 })
    expect(await farewell(server.address, preamble())).toBe('ETIMEDOUT')
    expect(await farewell(server.address)).toBe('ETIMEDOUT')
  })

  test('lives through random bytes, before and after the handshake', async () => {
    const server = await serve()
    const other = await join(server.address)
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }),
        async (greet, pieces) => {
          const connection: Duplex = await connect(server.address)
          connection.on('error', () => {})
          connection.resume()
          if (greet) connection.write(Buffer.concat([preamble(), hello(), name(1, 'a')]))
          for (const piece of pieces) {
            // Half of them as the body of a frame with a sound length.
            connection.write(
              greet
                ? Buffer.concat([claim(piece.length + 4).subarray(0, 4), Buffer.from([5, 0, 1, 0]), piece])
                : piece,
            )
          }
          connection.end()
          await new Promise((resolve) => connection.on('close', resolve))
        },
      ),
      { numRuns: 100 },
    )
    expect(await other.ping()).toBeGreaterThan(0)
  })

  test('asks for the token, and tells who was refused', async () => {
    const server = await serve(usual(), { token: 'secret' })
    for (const token of [undefined, '', 'wrong', 'secret2']) {
      expect(await codeOf(EventClient.connect(server.address, { token }))).toBe('ERR_UNAUTHORIZED')
    }
    const client = await join(server.address, { token: 'secret' })
    expect(client.connected).toBe(true)
  })

  test('asks authorize, which may take its time, refuse, or fail', async () => {
    const server = await serve(usual(), {
      authorize: async ({ name: who }) => {
        await new Promise((resolve) => setImmediate(resolve))
        if (who === 'broken') throw new Error('database is down')
        return who === 'ann'
      },
    })
    await join(server.address, { name: 'ann' })
    expect(await codeOf(EventClient.connect(server.address, { name: 'bob' }))).toBe('ERR_UNAUTHORIZED')
    expect(await codeOf(EventClient.connect(server.address, { name: 'broken' }))).not.toBe('no error')
    expect(server.peers.map((peer) => peer.name)).toEqual(['ann'])
  })

  test('does not let a session be taken by another name', async () => {
    const server = await serve()
    await join(server.address, { name: 'ann' })
    const session = server.peers[0]?.id
    expect(await farewell(server.address, preamble(), hello({ session, name: 'eve' }))).toBe('ERR_PROTOCOL')
    expect(server.peers.map((peer) => peer.name)).toEqual(['ann'])
  })
})

describe('the client', () => {
  test('tells when the other end does not speak the protocol', async () => {
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    )
    await new Promise((resolve) => server.on('listening', resolve))
    const { port } = server.address() as { port: number }
    expect(await codeOf(EventClient.connect(`tcp:127.0.0.1:${port}`))).toBe('ERR_UNSUPPORTED_VERSION')
    server.close()
  })

  test('tells when the other end says nothing', async () => {
    const sockets: ReturnType<typeof netConnect>[] = []
    const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.on('listening', resolve))
    const { port } = server.address() as { port: number }
    expect(await codeOf(EventClient.connect(`tcp:127.0.0.1:${port}`, { handshakeTimeoutMs: 30 }))).toBe(
      'ETIMEDOUT',
    )
    for (const socket of sockets) socket.destroy()
    server.close()
  })
})

describe('wrong arguments are told before anything is opened', () => {
  const wrong: readonly (readonly [what: string, action: () => Promise<unknown>, code: string])[] = [
    ['no address', () => EventClient.connect(undefined as unknown as string), 'ERR_INVALID_ARG_TYPE'],
    [
      'a codec that does not exist',
      () => EventClient.connect('x', { codec: 'xml' as 'json' }),
      'ERR_INVALID_ARG_VALUE',
    ],
    ['a limit below one', () => EventClient.connect('x', { offline: { limit: 0 } }), 'ERR_OUT_OF_RANGE'],
    [
      'a policy that does not exist',
      () => EventServer.listen('x', { outgoing: { policy: 'lose' as 'wait' } }),
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'authorize that is no function',
      () => EventServer.listen('x', { authorize: 'all' as 'sameUser' }),
      'ERR_INVALID_ARG_TYPE',
    ],
    ['a negative time', () => EventClient.connect('x', { timeoutMs: -1 }), 'ERR_OUT_OF_RANGE'],
    ['jitter above one', () => EventClient.connect('x', { reconnect: { jitter: 2 } }), 'ERR_OUT_OF_RANGE'],
  ]
  const unknown: typeof wrong = [
    ['of a client', () => EventClient.connect('x', { retryUntilMS: 1 } as object), 'retryUntilMs'],
    ['of a server', () => EventServer.listen('x', { autorize: 'sameUser' } as object), 'authorize'],
    [
      "of the server's listener",
      () => EventServer.listen('x', { listen: { tekOver: true } as object }),
      'takeOver',
    ],
    ['of a queue', () => EventClient.connect('x', { outgoing: { max: 1 } as object }), 'limitBytes'],
    ['of reconnect', () => EventClient.connect('x', { reconnect: { max: 1 } as object }), 'maxMs'],
    ['of a journal', () => EventServer.listen('x', { journal: { file: 'x' } as never }), 'path'],
    ['of a line server', async () => new LineServer({ ack: true } as object), 'withAck'],
    ['of a line client', () => LineClient.connect({ retry: 1 } as object), 'retryUntilMs'],
    ['of a linker', async () => new Linker({ payload: 'json' } as object), 'payloads'],
  ]
  test.each(unknown)('a misspelt option %s', async (_what, action, right) => {
    const message = new RegExp(`: the option [.\\w]+ does not exist \\(there is .*\\b${right}\\b`)
    await expect(action()).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringMatching(message),
    })
  })

  const kinds: typeof wrong = [
    ['options', () => EventClient.connect('x', 'json' as never), 'the options'],
    ['reconnect', () => EventClient.connect('x', { reconnect: true as never }), 'reconnect'],
    ['signal of a client', () => EventClient.connect('x', { signal: 1 as never }), 'signal'],
    ['signal of a server', () => EventServer.listen('x', { signal: 1 as never }), 'signal'],
    ['journal', () => EventServer.listen('x', { journal: 'a.db' as never }), 'journal'],
    ['path of a journal', () => EventClient.connect('x', { journal: { path: '' } }), 'journal.path'],
    ['joinable', () => EventServer.listen('x', { joinable: true as never }), 'joinable'],
    ['contract', () => EventServer.listen('x', { contract: {} as never }), 'contract'],
  ]
  test.each(kinds)('a wrong kind of %s', async (_what, action, option) => {
    await expect(action()).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringMatching(`^(connect|listen): ${option} must be `),
    })
  })

  test('options of what a client and a server say', async () => {
    const server = await serve()
    const client = await join(server.address)
    server.handle('size', (input) => input)
    const misspelt = { code: 'ERR_INVALID_ARG_VALUE', message: expect.stringContaining('does not exist') }
    await expect(client.request('size', 1, { timeout: 5 } as object)).rejects.toMatchObject(misspelt)
    expect(() => client.stream('size', 1, { windows: 5 } as object)).toThrow(
      expect.objectContaining(misspelt),
    )
    // It would have reached everybody.
    expect(() => server.broadcast('a', 1, { room: 'x' } as object)).toThrow(expect.objectContaining(misspelt))
    expect(() => client.events('a', { max: 5 } as object)).toThrow(expect.objectContaining(misspelt))
    expect(() => client.close({ grace: 5 } as object)).toThrow(expect.objectContaining(misspelt))
    expect(() => server.close({ grace: 5 } as object)).toThrow(expect.objectContaining(misspelt))
    // An input that only looks like an option of something else is an input.
    expect(await client.request('size', { window: 5 })).toEqual({ window: 5 })
  })

  test('what a codec cannot write is told with a code, and why', async () => {
    const server = await serve()
    const client = await join(server.address)
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    for (const value of [cycle, 1n, () => {}]) {
      const refused = {
        code: 'ERR_BAD_PAYLOAD',
        message: expect.stringMatching(/^encode ERR_BAD_PAYLOAD: (json|JSON) /),
      }
      expect(() => client.emit('a', value)).toThrow(expect.objectContaining(refused))
      await expect(client.send('a', value)).rejects.toMatchObject(refused)
      expect(() => server.broadcast('a', value)).toThrow(expect.objectContaining(refused))
    }
  })

  test.each(wrong)('%s', async (_what, action, code) => {
    expect(await codeOf(action())).toBe(code)
  })

  test('names of events', async () => {
    const server = await serve()
    const client = await join(server.address)
    for (const bad of ['', 'n'.repeat(256), 'a\0b', 'drain', 'error', '\ud800']) {
      expect(() => client.emit(bad, 1)).toThrow(TypeError)
      expect(await codeOf(client.send(bad, 1))).toMatch(/^ERR_INVALID_ARG/)
    }
    expect(() => client.emit(1 as unknown as string, 1)).toThrow(TypeError)
    expect(codeOfCall(() => server.broadcast('close', 1))).toBe('ERR_INVALID_ARG_VALUE')
    expect(() => client.on('a', undefined as unknown as () => void)).toThrow(TypeError)
    expect(() => server.handle('a', 1 as unknown as () => void)).toThrow(TypeError)
    expect(await codeOf(client.request('a', 1, { timeoutMs: -1 }))).toBe('ERR_OUT_OF_RANGE')
  })

  test('a message larger than the other end reads fails here, and the connection lives', async () => {
    const server = await serve(usual(), { maxFrame: 2048 })
    server.handle('echo', (input) => input)
    const client = await join(server.address)
    expect(codeOfCall(() => client.emit('a', 'x'.repeat(5000)))).toBe('ERR_FRAME_TOO_LARGE')
    // Short in characters, long in bytes.
    expect(codeOfCall(() => client.emit('a', '世'.repeat(1000)))).toBe('ERR_FRAME_TOO_LARGE')
    expect(await codeOf(client.send('a', 'x'.repeat(5000)))).toBe('ERR_FRAME_TOO_LARGE')
    expect(await codeOf(client.request('echo', 'x'.repeat(5000)))).toBe('ERR_FRAME_TOO_LARGE')
    expect(await client.request('echo', 'x'.repeat(500))).toBe('x'.repeat(500))
  })

  test('more names than the limit', async () => {
    const server = await serve()
    const client = await join(server.address, { maxNames: 10 })
    const many = (): void => {
      for (let at = 0; at < 11; at++) client.emit(`event ${at}`, at)
    }
    expect(codeOfCall(many)).toBe('ERR_TOO_MANY_NAMES')
  })
})
