/** The preambles and frames of protocol/vectors.json. */
import { encodeFrame, Flag, FrameType, LENGTH_BYTES, MIN_LENGTH } from '../../src/wire/frame.ts'
import type { FrameInWords, FrameVector, PreambleVector } from './shape.ts'

/** The names that PROTOCOL.md has for the types. */
const NAMES: Readonly<Record<number, string>> = {
  ...Object.fromEntries(Object.entries(FrameType).map(([name, type]) => [type, name.toUpperCase()])),
  [FrameType.inputFailure]: 'INPUTFAIL',
  [FrameType.inputCredit]: 'INPUTMORE',
}

type Body = Pick<FrameInWords, 'text' | 'bytes' | 'u32'>

/** A frame in words; `-1`: no id. */
export const inWords = (
  type: number,
  { flags = 0, nameId = 0, id = -1, window = 0, ...body }: Frame = {},
): FrameInWords => ({
  type: NAMES[type] ?? String(type),
  number: type,
  flags: body.text !== undefined && flags < 0x10 ? textFlags(flags, body.text) : flags,
  ...(nameId > 0 ? { nameId } : {}),
  ...(id >= 0 ? { id } : {}),
  ...(window > 0 ? { window } : {}),
  ...body,
})

/** What a frame has beside its type. */
export interface Frame extends Body {
  readonly flags?: number
  readonly nameId?: number
  readonly id?: number
  readonly window?: number
}

const textFlags = (flags: number, text: string): number =>
  // oxlint-disable-next-line no-control-regex -- the range from NUL is the point
  /[^\u0000-\u00ff]/.test(text) ? flags : flags | Flag.latin1

/** The bytes that the encoder of this package makes of a frame in words. */
export const bytesOf = (frame: FrameInWords): Buffer => {
  const { number: type, flags, nameId = 0, id = -1, window = 0, text, bytes, u32 } = frame
  let body: string | Buffer | undefined = text
  if (bytes !== undefined) body = Buffer.from(bytes, 'hex')
  if (u32 !== undefined) {
    body = Buffer.alloc(4)
    body.writeUInt32LE(u32)
  }
  return encodeFrame(type, flags, nameId, id < 0 ? id : id + window * 2 ** 32, body)
}

/** Reads a frame into words, by the parts that the words of the vector have. */
export const read = (frame: Buffer, like: FrameInWords): FrameInWords => {
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

const written = (rules: string, what: string, type: number, frame: Frame, value?: unknown): FrameVector => {
  const words = inWords(type, frame)
  return {
    rules: rules.split(' '),
    what,
    hex: bytesOf(words).toString('hex'),
    frame: words,
    written: true,
    ...(value === undefined ? {} : { value }),
  }
}

/** A frame that the encoder of this package never writes: text as UTF-8 that could be latin1, and upper flags. */
const accepted = (
  rules: string,
  what: string,
  type: number,
  frame: Frame & { readonly text: string },
  value?: unknown,
): FrameVector => {
  const { flags = 0, text, ...rest } = frame
  const encoding = (flags & Flag.latin1) === 0 ? 'utf8' : 'latin1'
  const body = Buffer.from(text, encoding)
  const bytes = encodeFrame(type, flags, rest.nameId ?? 0, rest.id ?? -1, body)
  return {
    rules: rules.split(' '),
    what,
    hex: bytes.toString('hex'),
    frame: { ...inWords(type, rest), flags, text },
    written: false,
    ...(value === undefined ? {} : { value }),
  }
}

const json = (value: unknown): { readonly text: string } => ({ text: JSON.stringify(value) })

const payloads: readonly (readonly [what: string, value: unknown])[] = [
  ['null', null],
  ['true', true],
  ['a whole number', 42],
  ['a number with a fraction', -0.5],
  ['the largest id as a number', Number.MAX_SAFE_INTEGER],
  ['an empty text', ''],
  ['ASCII', 'hello'],
  ['latin1', 'café ÿ'],
  ['the first character that is not latin1', 'Ā'],
  ['UTF-8 of two, three and four bytes', 'ĉ漢🦆'],
  ['a control character, a quote and a backslash', 'a\n"\\b'],
  ['NUL', '\0'],
  ['a list', [1, [2, []], 'x']],
  ['an object', { from: 'ann', text: 'hi', n: { deep: [null] } }],
  ['an object whose key is no prototype', JSON.parse('{"__proto__":1}')],
]

export const frames: readonly FrameVector[] = [
  written('T1 H1', 'HELLO', FrameType.hello, {
    text: '{"codec":"json","session":"s-1","base":1,"next":1,"maxFrame":65536,"keepAliveMs":0}',
  }),
  written('T2 H2', 'WELCOME', FrameType.welcome, {
    text: '{"resumed":false,"base":1,"next":1,"maxFrame":65536,"keepAliveMs":0,"knows":["defer"]}',
  }),
  written('T3 E1', 'GOODBYE', FrameType.goodbye, json({ code: 'ERR_CLOSED', message: 'closing' })),
  written('T4 N1', 'NAME in ASCII', FrameType.name, { nameId: 1, text: 'say' }),
  written('T4 N2', 'NAME in latin1', FrameType.name, { nameId: 2, text: 'größe' }),
  written('T4 N2', 'NAME in UTF-8', FrameType.name, { nameId: 65_535, text: '名前' }),
  accepted('F6 N1', 'NAME as UTF-8 that could be latin1', FrameType.name, { nameId: 2, text: 'größe' }),
  ...payloads.map(([what, value]) =>
    written('T5 P1 F5', `EMIT of ${what}`, FrameType.emit, { nameId: 1, ...json(value) }, value),
  ),
  written('T5 P1', 'EMIT of undefined', FrameType.emit, { nameId: 1 }),
  written('T5 P1', 'EMIT of bytes', FrameType.emit, { nameId: 1, flags: Flag.bytes, bytes: '00ff80' }),
  written('T5 P1', 'EMIT of no bytes', FrameType.emit, { nameId: 1, flags: Flag.bytes, bytes: '' }),
  accepted('F6', 'EMIT as UTF-8 that could be latin1', FrameType.emit, { nameId: 1, ...json('é') }, 'é'),
  accepted('U3', 'EMIT with the upper flags', FrameType.emit, { nameId: 1, flags: 0xf1, ...json('é') }, 'é'),
  written('T6', 'SEND', FrameType.send, { nameId: 3, id: 1, ...json('x') }, 'x'),
  written(
    'T6 D1',
    'SEND of a high number',
    FrameType.send,
    { nameId: 3, id: 2 ** 53 - 1, ...json('x') },
    'x',
  ),
  written('T6 D5 F5', 'SEND once more', FrameType.send, { nameId: 3, id: 7, flags: 4, ...json('x') }, 'x'),
  written('T7', 'ACK', FrameType.ack, { id: 5, u32: 3 }),
  written('T8 E1', 'NACK', FrameType.nack, {
    id: 5,
    ...json({ code: 'ERR_NO_HANDLER', message: "nobody listens to 'x'", name: 'SocketError' }),
  }),
  written('T8 E1 F6', 'NACK in UTF-8', FrameType.nack, { id: 5, ...json({ code: 'E', message: '不' }) }),
  written('T9', 'REQUEST', FrameType.request, { nameId: 1, id: 1, ...json([1]) }, [1]),
  written(
    'T9 F5',
    'REQUEST for a stream',
    FrameType.request,
    { nameId: 1, id: 2, window: 64, flags: 8, ...json(3) },
    3,
  ),
  written('T9 I1', 'REQUEST whose input is a stream', FrameType.request, { nameId: 1, id: 3, flags: 4 }),
  written('T9 I1', 'REQUEST for a stream whose input is one', FrameType.request, {
    nameId: 1,
    id: 0xffff_ffff,
    window: 0xffff,
    flags: 12,
  }),
  written('T10', 'REPLY', FrameType.reply, { id: 1, ...json({ ok: true }) }, { ok: true }),
  written('T10 P1', 'REPLY of undefined', FrameType.reply, { id: 1 }),
  written('T10 P1', 'REPLY of bytes', FrameType.reply, { id: 1, flags: Flag.bytes, bytes: 'cafe' }),
  written('T11 E1', 'FAILURE', FrameType.failure, {
    id: 1,
    ...json({ code: 'ERR_HANDLER_FAILED', message: 'no', name: 'TypeError' }),
  }),
  written('T12', 'CANCEL', FrameType.cancel, { id: 1 }),
  written('T13', 'ITEM', FrameType.item, { id: 2, ...json('one') }, 'one'),
  written('T14', 'END', FrameType.end, { id: 2 }),
  written('T15', 'CREDIT', FrameType.credit, { id: 2, u32: 32 }),
  written('T16', 'PING', FrameType.ping, { id: 123_456_789_012 }),
  written('T17', 'PONG', FrameType.pong, { id: 123_456_789_012 }),
  written('T18 D4', 'DEFER', FrameType.defer, { id: 9, u32: 1500 }),
  written('T19', 'INPUT', FrameType.input, { id: 3, ...json('part') }, 'part'),
  written('T19 P1', 'INPUT of bytes', FrameType.input, { id: 3, flags: Flag.bytes, bytes: '0102' }),
  written('T20', 'INPUTEND', FrameType.inputEnd, { id: 3 }),
  written('T21 E1', 'INPUTFAIL', FrameType.inputFailure, {
    id: 3,
    ...json({ code: 'EIO', message: 'disk' }),
  }),
  written('T22', 'INPUTMORE', FrameType.inputCredit, { id: 3, u32: 1_048_576 }),
  written('T23', 'INPUTSTOP', FrameType.inputStop, { id: 3 }),
  written('T128 F2', 'HEARTBEAT, which has no bytes of an id', FrameType.heartbeat, {}),
]

export const preambles: readonly PreambleVector[] = [
  { rules: ['B1'], what: 'version 1', hex: '895544534501010a', version: 1 },
  { rules: ['B2'], what: 'versions 1 to 3', hex: '895544534503010a', version: 1 },
  {
    rules: ['B2'],
    what: 'a version of the future alone',
    hex: '895544534503020a',
    code: 'ERR_UNSUPPORTED_VERSION',
  },
  { rules: ['B2'], what: 'another last byte', hex: '895544534501010d', code: 'ERR_UNSUPPORTED_VERSION' },
  { rules: ['B2'], what: 'text', hex: '474554202f204854', code: 'ERR_UNSUPPORTED_VERSION' },
]

/** The bytes of a length field that claims so much. */
export const claim = (length: number): string => {
  const bytes = Buffer.alloc(LENGTH_BYTES + MIN_LENGTH)
  bytes.writeUInt32LE(length)
  return bytes.toString('hex')
}
