/** What a reader refuses, and with which code: the refusals of protocol/vectors.json. */
import { FrameType } from '../../src/wire/frame.ts'
import { preamble } from '../../src/wire/handshake-messages.ts'
import { bytesOf, claim, type Frame, inWords } from './frames.ts'
import type { Parts, RefusalVector } from './shape.ts'

const first = preamble().toString('hex')
const frame = (type: number, body: Frame = {}): string => bytesOf(inWords(type, body)).toString('hex')
const json = (type: number, body: object): string => frame(type, { text: JSON.stringify(body) })

const greeting = { codec: 'json', session: 'refused', base: 1, next: 1, maxFrame: 65_536, keepAliveMs: 0 }
const hello = (over: object = {}): string => json(FrameType.hello, { ...greeting, ...over })
const welcomed = { resumed: false, base: 1, next: 1, maxFrame: 65_536, keepAliveMs: 0 }
const welcome = (over: object = {}): string => json(FrameType.welcome, { ...welcomed, ...over })
const name = (nameId: number, text: string): string => frame(FrameType.name, { nameId, text })
const nameOf = (bytes: string): string => frame(FrameType.name, { nameId: 1, bytes })

/** The header of a frame with a name id, whose payload follows by itself. */
const head = (type: number, flags: number, nameId: number, payload: number): string => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(payload + 4)
  bytes[4] = type
  bytes[5] = flags
  bytes.writeUInt16LE(nameId, 6)
  return bytes.toString('hex')
}
const a = name(1, 'a')
const emit = (flags: number, bytes: string): string =>
  head(FrameType.emit, flags, 1, bytes.length / 2) + bytes
const DEEP = 257
const MANY = 1_000_001

type Row = readonly [rules: string, what: string, bytes: Parts, code: string]

const ofServer: readonly Row[] = [
  [
    'B2',
    'an HTTP request',
    [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n').toString('hex')],
    'ERR_UNSUPPORTED_VERSION',
  ],
  ['B2', 'zeros', [['00', 64]], 'ERR_UNSUPPORTED_VERSION'],
  ['B2', 'a version of the future alone', ['895544534509080a'], 'ERR_UNSUPPORTED_VERSION'],
  ['B4', 'a first frame that is no HELLO', [first, a], 'ERR_PROTOCOL'],
  ['B3', 'a second frame before WELCOME', [first, hello(), a, hello()], 'ERR_PROTOCOL'],
  ['B3 L2', 'a HELLO above 64 KiB', [first, claim(65_537)], 'ERR_FRAME_TOO_LARGE'],
  ['H1', 'a HELLO that is not JSON', [first, frame(FrameType.hello, { text: '{' })], 'ERR_PROTOCOL'],
  ['H1', 'a HELLO that is a list', [first, json(FrameType.hello, [])], 'ERR_PROTOCOL'],
  ['H1', 'a HELLO without a session', [first, hello({ session: undefined })], 'ERR_PROTOCOL'],
  ['H1', 'a session of 201 characters', [first, hello({ session: 's'.repeat(201) })], 'ERR_PROTOCOL'],
  ['H1', 'a base of text', [first, hello({ base: '1' })], 'ERR_PROTOCOL'],
  ['H1', 'a base of 0', [first, hello({ base: 0 })], 'ERR_PROTOCOL'],
  ['H1', 'a next with a fraction', [first, hello({ next: 1.5 })], 'ERR_PROTOCOL'],
  ['H1', 'a maxFrame of 1023', [first, hello({ maxFrame: 1023 })], 'ERR_PROTOCOL'],
  ['H1', 'a negative keepAliveMs', [first, hello({ keepAliveMs: -1 })], 'ERR_PROTOCOL'],
  ['H1', 'a name that is no text', [first, hello({ name: 1 })], 'ERR_PROTOCOL'],
  ['H1', 'a require that is no list', [first, hello({ require: 'defer' })], 'ERR_PROTOCOL'],
  ['U9', 'a codec that nobody has', [first, hello({ codec: 'xml' })], 'ERR_UNSUPPORTED_CODEC'],
  ['U8 H4', 'an option that nobody knows', [first, hello({ require: ['zstd'] })], 'ERR_UNSUPPORTED_OPTION'],
  ['F3 L1', 'a frame above the limit', [first, hello(), claim(0x7fff_ffff)], 'ERR_FRAME_TOO_LARGE'],
  ['F3', 'a frame that is too short', [first, hello(), claim(3)], 'ERR_PROTOCOL'],
  ['U2', 'an unknown type', [first, hello(), frame(99, { id: 1 })], 'ERR_PROTOCOL'],
  [
    'F2',
    'CANCEL without its id',
    [first, hello(), head(FrameType.cancel, 0, 0, 3), '616263'],
    'ERR_PROTOCOL',
  ],
  [
    'F2',
    'an id above 2^53 - 1',
    [first, hello(), a, head(FrameType.request, 1, 1, 9), ['ff', 8], '31'],
    'ERR_PROTOCOL',
  ],
  ['T7', 'ACK without a count', [first, hello(), frame(FrameType.ack, { id: 1 })], 'ERR_PROTOCOL'],
  [
    'T15',
    'CREDIT with half a count',
    [first, hello(), frame(FrameType.credit, { id: 1, bytes: '0100' })],
    'ERR_PROTOCOL',
  ],
  [
    'E1',
    'NACK whose JSON is none',
    [first, hello(), frame(FrameType.nack, { id: 1, text: '{' })],
    'ERR_PROTOCOL',
  ],
  [
    'E1 L7',
    'NACK of 65,537 bytes',
    [first, hello(), head(FrameType.nack, 1, 0, 65_545), ['00', 8], ['20', 65_537]],
    'ERR_PROTOCOL',
  ],
  [
    'N1',
    'a name id that was never defined',
    [first, hello(), frame(FrameType.emit, { nameId: 5, text: '1' })],
    'ERR_PROTOCOL',
  ],
  ['N1', 'the name id 0', [first, hello(), frame(FrameType.emit, { text: '1' })], 'ERR_PROTOCOL'],
  ['N2', 'a name that is not UTF-8', [first, hello(), nameOf('fffe')], 'ERR_INVALID_NAME'],
  ['N2 L3', 'a name of 256 bytes', [first, hello(), name(1, 'n'.repeat(256))], 'ERR_INVALID_NAME'],
  ['N2', 'a name with NUL', [first, hello(), name(1, 'a\0b')], 'ERR_INVALID_NAME'],
  ['N2', 'an empty name', [first, hello(), nameOf('')], 'ERR_INVALID_NAME'],
  ['L4', 'the name id 4097', [first, hello(), name(4097, 'a')], 'ERR_TOO_MANY_NAMES'],
  ['P2', 'a payload that is not JSON', [first, hello(), a, emit(1, '7b2261223a')], 'ERR_BAD_PAYLOAD'],
  ['P2', 'a payload that is not UTF-8', [first, hello(), a, emit(0, '22c32822')], 'ERR_BAD_PAYLOAD'],
  [
    'L5',
    `JSON of ${DEEP} levels`,
    [first, hello(), a, head(FrameType.emit, 1, 1, DEEP * 2), ['5b', DEEP], ['5d', DEEP]],
    'ERR_TOO_DEEP',
  ],
  [
    'L6',
    'JSON of a million and one values',
    [first, hello(), a, head(FrameType.emit, 1, 1, MANY * 2 + 1), '5b', ['312c', MANY - 1], '315d'],
    'ERR_TOO_MANY_VALUES',
  ],
]

const ofClient: readonly Row[] = [
  [
    'B2',
    'text in place of the first bytes',
    [Buffer.from('HTTP/1.1 400').toString('hex')],
    'ERR_UNSUPPORTED_VERSION',
  ],
  ['B2', 'a version of the future alone', ['895544534509080a'], 'ERR_UNSUPPORTED_VERSION'],
  ['B4', 'a first frame that is no WELCOME', [first, a], 'ERR_PROTOCOL'],
  ['H2', 'a WELCOME without resumed', [first, welcome({ resumed: undefined })], 'ERR_PROTOCOL'],
  ['H2', 'a WELCOME that is not JSON', [first, frame(FrameType.welcome, { text: 'yes' })], 'ERR_PROTOCOL'],
  ['U8', 'an option that nobody knows', [first, welcome({ require: ['zstd'] })], 'ERR_UNSUPPORTED_OPTION'],
  ['F3', 'a frame above the limit', [first, welcome(), claim(0x7fff_ffff)], 'ERR_FRAME_TOO_LARGE'],
  ['U2', 'an unknown type', [first, welcome(), frame(100, { id: 1 })], 'ERR_PROTOCOL'],
  [
    'N1',
    'a name id that was never defined',
    [first, welcome(), frame(FrameType.emit, { nameId: 1, text: '1' })],
    'ERR_PROTOCOL',
  ],
  ['P2', 'a payload that is not JSON', [first, welcome(), a, emit(1, '7b')], 'ERR_BAD_PAYLOAD'],
]

const vectors = (reader: 'server' | 'client', rows: readonly Row[]): RefusalVector[] =>
  rows.map(([rules, what, bytes, code]) => ({ rules: rules.split(' '), what, reader, bytes, code }))

export const refusals: readonly RefusalVector[] = [
  ...vectors('server', ofServer),
  ...vectors('client', ofClient),
]
