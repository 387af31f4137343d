import { readdirSync, readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, listen, type Listener } from '@uds/stream'
import { codeOf, freshName, until } from '@uds/testkit'
import { DeferError, EventClient, EventServer } from '@uds/events'
import { json } from '../src/codecs/json.ts'
import { FrameDecoder } from '../src/wire/decoder.ts'
import { Flag, FrameType, LENGTH_BYTES } from '../src/wire/frame.ts'
import { checkPreamble, preamble } from '../src/wire/handshake-messages.ts'
import { VectorWire } from './fixtures/vector-wire.ts'
import { bytesOf } from './vectors/frames.ts'
import type { Action, FrameInWords, Parts, SessionVector, Step, Vectors } from './vectors/shape.ts'
import { file, text } from './vectors/vectors.ts'

const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors
const named = <T extends { readonly what: string }>(list: readonly T[]): (readonly [string, T])[] =>
  list.map((each) => [each.what, each])

test('the file is what the encoder makes: pnpm --filter @uds/events vectors', () => {
  expect(readFileSync(file, 'utf8')).toBe(text())
})

test('each rule of PROTOCOL.md is cited by a vector or a test', () => {
  const page = readFileSync(joinPath(import.meta.dirname, '../PROTOCOL.md'), 'utf8')
  const [, types = ''] = page.split('**F4**')
  const rules = [
    ...[...page.matchAll(/^\*\*([A-Z]\d+)\*\* /gm)].map(([, rule]) => rule),
    ...[...page.matchAll(/^\| ([A-Z]\d+) +\|/gm)].map(([, rule]) => rule),
    ...[...(types.split('**F5**')[0] ?? '').matchAll(/^\| (\d+) +\|/gm)].map(([, type]) => `T${type}`),
  ]
  expect(new Set(rules).size).toBe(rules.length)
  const inTests = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map(({ name }) => readFileSync(joinPath(import.meta.dirname, name), 'utf8'))
    .flatMap((source) => [...source.matchAll(/PROTOCOL\.md ((?:[A-Z]\d+ ?)+)/g)])
    .flatMap(([, cited = '']) => cited.trim().split(' '))
  const { preambles, frames, refusals, sessions } = vectors
  const cited = new Set([
    ...[...preambles, ...frames, ...refusals, ...sessions].flatMap((vector) => vector.rules),
    ...inTests,
  ])
  expect(rules.filter((rule) => !cited.has(rule as string))).toEqual([])
  expect([...cited].filter((rule) => !rules.includes(rule))).toEqual([])
})

describe('the first eight bytes', () => {
  test.each(named(vectors.preambles))('%s', (_what, { hex, version, code }) => {
    const check = (): number => checkPreamble(Buffer.from(hex, 'hex'))
    if (code === undefined) expect(check()).toBe(version)
    else expect(check).toThrow(expect.objectContaining({ code }))
  })
})

/** Reads a frame into words, by the parts that the words of the vector have. */
const read = (frame: Buffer, like: FrameInWords): FrameInWords => {
  const flags = frame[1] as number
  const nameId = frame.readUInt16LE(2)
  const id = like.id === undefined ? undefined : frame.readBigUInt64LE(4)
  const body = frame.subarray(id === undefined ? 4 : 12)
  const { window } = like
  return {
    type: like.type,
    number: frame[0] as number,
    flags,
    ...(nameId > 0 ? { nameId } : {}),
    ...(id === undefined ? {} : { id: Number(window === undefined ? id : BigInt.asUintN(32, id)) }),
    ...(window === undefined || id === undefined ? {} : { window: Number(id >> 32n) }),
    ...(like.text === undefined
      ? {}
      : { text: body.toString((flags & Flag.latin1) === 0 ? 'utf8' : 'latin1') }),
    ...(like.bytes === undefined ? {} : { bytes: body.toString('hex') }),
    ...(like.u32 === undefined ? {} : { u32: body.readUInt32LE() }),
    ...(like.text === undefined && like.bytes === undefined && like.u32 === undefined && body.length > 0
      ? { bytes: body.toString('hex') }
      : {}),
  }
}

// PROTOCOL.md F4
test('there is a frame of each type', () => {
  const types = new Set(vectors.frames.map(({ frame }) => frame.number))
  expect(Object.values(FrameType).filter((type) => !types.has(type))).toEqual([])
})

test('each frame is read as its words say, however the bytes are split, and written so', () => {
  const bytes = Buffer.from(vectors.frames.map(({ hex }) => hex).join(''), 'hex')
  for (const size of [1, 7, 64, bytes.length]) {
    const frames: Buffer[] = []
    const decoder = new FrameDecoder(
      (buffer, start, end) => frames.push(Buffer.from(buffer.subarray(start, end))),
      1 << 20,
    )
    for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size))
    expect(
      frames.map((frame, at) => read(frame, (vectors.frames[at] as { frame: FrameInWords }).frame)),
    ).toEqual(vectors.frames.map(({ frame }) => frame))
  }
  for (const { frame, hex, written, value } of vectors.frames) {
    if (written) expect(bytesOf(frame).toString('hex')).toBe(hex)
    if (value !== undefined) expect(json.decode(frame.text as string, { maxDepth: 10 })).toEqual(value)
    if (value !== undefined && written) expect(json.encode(value)).toBe(frame.text)
  }
})

const joined = (parts: Parts): string =>
  parts.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1]))).join('')

/** The two ends of a session that a test has. */
type Heard = (readonly [name: string, data: unknown])[]

/** The program of the server that vectors.json describes. */
const serverOf = async (address: string, heard: Heard): Promise<EventServer> => {
  const server = await EventServer.listen(address, { keepAliveMs: Infinity })
  let later = true
  server.on('error', () => {})
  server.on('say', (data) => void heard.push(['say', data]))
  server.on('bad', (data) => {
    heard.push(['bad', data])
    throw Object.assign(new Error('no good'), { code: 'E_BAD' })
  })
  server.on('later', (data) => {
    heard.push(['later', data])
    later = !later
    if (!later) throw new DeferError({ retryAfterMs: 20 })
  })
  server.handle('echo', (input) => input)
  server.handle('fail', () => Promise.reject(Object.assign(new Error('failed'), { code: 'E_FAIL' })))
  server.handle('never', () => new Promise(() => {}))
  server.handle('count', function* (upTo) {
    for (let at = 1; at <= (upTo as number); at++) yield at
  })
  server.handle('sum', async (input) => {
    let sum = 0
    for await (const each of input as AsyncIterable<number>) sum += each
    return sum
  })
  onTestFinished(() => server.close({ graceMs: 0 }))
  return server
}

describe('what a server refuses', () => {
  const address = `memory:${freshName()}`
  test.each(named(vectors.refusals.filter(({ reader }) => reader === 'server')))(
    '%s',
    async (_what, { bytes, code }) => {
      const server = await serverOf(address, [])
      server.on('a', () => {})
      const wire = new VectorWire(await connect(address))
      wire.write(joined(bytes))
      expect(await wire.goodbye()).toBe(code)
    },
  )
})

/** Takes the connections of a client, one after the other. */
const accepting = async (address: string): Promise<{ next: () => Promise<VectorWire> }> => {
  const listener: Listener = await listen(address)
  onTestFinished(() => listener.close({ graceMs: 0 }))
  const connections = listener[Symbol.asyncIterator]()
  return {
    next: async () => {
      const { value } = await connections.next()
      return new VectorWire(value as ConstructorParameters<typeof VectorWire>[0])
    },
  }
}

describe('what a client refuses', () => {
  test.each(named(vectors.refusals.filter(({ reader }) => reader === 'client')))(
    '%s',
    async (_what, { bytes, code }) => {
      const address = `memory:${freshName()}`
      const server = await accepting(address)
      const connecting = EventClient.connect(address, { reconnect: false, keepAliveMs: Infinity })
      const client = codeOf(connecting)
      const wire = await server.next()
      wire.write(joined(bytes))
      expect(await wire.goodbye()).toBe(code)
      // A client that was let in is there before it reads what is wrong.
      expect(['no error', code]).toContain(await client)
      await connecting.then(
        (each) => each.close({ graceMs: 0 }),
        () => {},
      )
    },
  )
})

/** Compares a frame with the step that expects it. */
const expectFrame = (hex: string | undefined, step: Extract<Step, { from: string }>): void => {
  if (step.keys === undefined) {
    expect(hex).toBe(step.hex)
    return
  }
  const first = step.hex.startsWith(preamble().toString('hex')) ? preamble().length : 0
  const bytes = Buffer.from(hex ?? '', 'hex').subarray(first + LENGTH_BYTES)
  const { text: wanted = '', ...head } = step.frame
  const { text: got = '', ...gotHead } = read(bytes, step.frame)
  expect({ ...gotHead, flags: 0 }).toEqual({ ...head, flags: 0 })
  const pick = (from: string): unknown[] => {
    const values = JSON.parse(from) as Record<string, unknown>
    return (step.keys ?? []).map((key) => [key, values[key] ?? 0])
  }
  expect(pick(got)).toEqual(pick(wanted))
}

const playedToServer = async ({ steps, heard }: SessionVector): Promise<void> => {
  const address = `memory:${freshName()}`
  const got: Heard = []
  let server = await serverOf(address, got)
  let wire: VectorWire | undefined
  let sent: Promise<unknown> | undefined
  for (const step of steps) {
    if ('cut' in step) {
      wire?.close()
      await until(() => server.peers.length === 0)
      wire = undefined
    } else if ('second' in step) wire = undefined
    else if ('server' in step) {
      if ('send' in step.server) sent = server.peers[0]?.send(...step.server.send)
      else if ('restart' in step.server) {
        await server.close({ graceMs: 0 })
        server = await serverOf(address, got)
      } else await sent
    } else if ('from' in step && step.from === 'client') {
      wire ??= new VectorWire(await connect(address))
      if (step.lost !== true) wire.write(step.hex)
    } else if ('from' in step) expectFrame(await wire?.next(), step)
  }
  await until(() => got.length >= heard.server.length)
  expect(got).toEqual(heard.server)
}

/** Does what the program of a client does in a session. */
class Program {
  readonly heard: Heard = []
  #client: EventClient | undefined
  #last: Promise<unknown> = Promise.resolve()
  #abort = new AbortController()
  #items: AsyncIterator<unknown> | undefined
  #next: Promise<IteratorResult<unknown>> | undefined
  #taken: unknown[] | undefined

  has(client: EventClient): void {
    this.#client = client
    client.on('error', () => {})
    client.on('note', (data) => void this.heard.push(['note', data]))
  }

  async act(action: Action): Promise<void> {
    const client = this.#client as EventClient
    if ('emit' in action) client.emit(...action.emit)
    else if ('send' in action) this.#waits(client.send(...action.send))
    else if ('request' in action) {
      this.#abort = new AbortController()
      this.#waits(client.request(action.request[0], action.request[1], { signal: this.#abort.signal }))
    } else if ('requestWithItems' in action) {
      const [name, items] = action.requestWithItems
      this.#waits(client.request(name, ReadableStream.from(items)))
    } else if ('abort' in action) this.#abort.abort()
    else if ('stream' in action) {
      this.#items = client.stream(...action.stream, { window: action.window })[Symbol.asyncIterator]()
      this.#taken = []
      this.#next = this.#items.next()
      this.#next.catch(() => {})
    } else if ('next' in action) {
      await this.#take()
      this.#next = this.#items?.next()
    } else if ('leave' in action) {
      await this.#take()
      await this.#items?.return?.()
    } else if ('failed' in action) expect(await codeOf(this.#failure())).toBe(action.failed)
    else if ('answer' in action) expect(this.#taken ?? (await this.#last)).toEqual(action.answer)
    else await this.#last
    if ('answer' in action) this.#taken = undefined
  }

  #waits(last: Promise<unknown>): void {
    last.catch(() => {})
    this.#last = last
  }

  async #take(): Promise<void> {
    const result = await this.#next
    if (result?.done !== true) this.#taken?.push(result?.value)
  }

  async #failure(): Promise<unknown> {
    if (this.#taken === undefined) return this.#last
    await this.#next
    for (;;) if ((await this.#items?.next())?.done === true) return undefined
  }
}

const playedToClient = async ({ steps, heard }: SessionVector): Promise<void> => {
  const address = `memory:${freshName()}`
  const server = await accepting(address)
  const program = new Program()
  const connecting = EventClient.connect(address, {
    maxFrame: 65_536,
    keepAliveMs: Infinity,
    reconnect: { initialMs: 1, maxMs: 1 },
  })
  let joinedOnce = false
  let wire: VectorWire | undefined
  for (const step of steps) {
    if ('cut' in step) {
      wire?.close()
      wire = undefined
    } else if ('client' in step) await program.act(step.client)
    else if ('from' in step && step.from === 'client') {
      wire ??= await server.next()
      expectFrame(await wire.next(), step)
    } else if ('from' in step) {
      if (step.lost !== true) wire?.write(step.hex)
      if (!joinedOnce) program.has(await connecting)
      joinedOnce = true
    }
  }
  expect(program.heard).toEqual(heard.client)
  await connecting.then((client) => client.close({ graceMs: 0 }))
}

describe('a session, tried with the server', () => {
  test.each(named(vectors.sessions.filter(({ roles }) => roles.includes('server'))))('%s', (_what, session) =>
    playedToServer(session),
  )
})

describe('a session, tried with the client', () => {
  test.each(named(vectors.sessions.filter(({ roles }) => roles.includes('client'))))('%s', (_what, session) =>
    playedToClient(session),
  )
})
