import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connect } from '@uds/stream'
import { codeOf, freshName } from '@uds/testkit'
import { EventClient } from '@uds/events'
import { json } from '../src/codecs/json.ts'
import { FrameDecoder } from '../src/wire/decoder.ts'
import { FrameType } from '../src/wire/frame.ts'
import { checkPreamble } from '../src/wire/handshake-messages.ts'
import { VectorWire } from './fixtures/vector-wire.ts'
import { bytesOf, read } from './vectors/frames.ts'
import { accepting, playedToClient, playedToServer, serverOf } from './vectors/play.ts'
import type { FrameInWords, Parts, Vectors } from './vectors/shape.ts'
import { file, text } from './vectors/vectors.ts'

const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors
const named = <T extends { readonly what: string }>(list: readonly T[]): (readonly [string, T])[] =>
  list.map((each) => [each.what, each])

test('the file is what the encoder makes: pnpm --filter @uds/events vectors', () => {
  expect(readFileSync(file, 'utf8')).toBe(text())
})

test('each rule of PROTOCOL.md is cited by a vector or a test', () => {
  const page = readFileSync(join(import.meta.dirname, '../PROTOCOL.md'), 'utf8')
  const [, types = ''] = page.split('**F4**')
  const rules = [
    ...[...page.matchAll(/^\*\*([A-Z]\d+)\*\* /gm)].map(([, rule]) => rule),
    ...[...page.matchAll(/^\| ([A-Z]\d+) +\|/gm)].map(([, rule]) => rule),
    ...[...(types.split('**F5**')[0] ?? '').matchAll(/^\| (\d+) +\|/gm)].map(([, type]) => `T${type}`),
  ]
  expect(new Set(rules).size).toBe(rules.length)
  const inTests = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map(({ name }) => readFileSync(join(import.meta.dirname, name), 'utf8'))
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

describe('a session, tried with the server', () => {
  test.each(named(vectors.sessions.filter(({ roles }) => roles.includes('server'))))(
    '%s',
    async (_what, session) => {
      expect(await playedToServer(session)).toEqual(session.heard.server)
    },
  )
})

describe('a session, tried with the client', () => {
  test.each(named(vectors.sessions.filter(({ roles }) => roles.includes('client'))))(
    '%s',
    async (_what, session) => {
      expect(await playedToClient(session)).toEqual(session.heard.client)
    },
  )
})
