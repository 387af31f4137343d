/** Whole sessions, frame by frame: the sessions of protocol/vectors.json. */
import { Flag, FrameType } from '../../src/wire/frame.ts'
import { preamble } from '../../src/wire/handshake-messages.ts'
import { bytesOf, type Frame, inWords } from './frames.ts'
import type { Action, SessionVector, Step } from './shape.ts'

type Side = 'client' | 'server'

const put = (from: Side, type: number, frame: Frame, keys?: readonly string[]): Step => {
  const words = inWords(type, frame)
  const first = type === FrameType.hello || type === FrameType.welcome ? preamble().toString('hex') : ''
  const hex = first + bytesOf(words).toString('hex')
  return { from, hex, frame: words, ...(keys === undefined ? {} : { keys }) }
}
const by =
  (from: Side) =>
  (type: number, frame: Frame, keys?: readonly string[]): Step =>
    put(from, type, frame, keys)
const client = by('client')
const server = by('server')
const lost = (step: Step): Step => ({ ...step, lost: true })
const doing = (action: Action): Step => ({ client: action })
const json = (value: unknown): { readonly text: string } => ({ text: JSON.stringify(value) })

const knows = ['defer', 'streamInput']
const hello = (session: string, over: object = {}): Step => {
  const greeting = {
    codec: 'json',
    session,
    base: 1,
    next: 1,
    maxFrame: 65_536,
    keepAliveMs: 0,
    received: 0,
    knows,
  }
  return client(FrameType.hello, json({ ...greeting, ...over }), ['codec', 'base', 'next', 'received'])
}
const welcome = (over: object = {}): Step => {
  const answer = { resumed: false, base: 1, next: 1, maxFrame: 65_536, keepAliveMs: 0, knows }
  return server(FrameType.welcome, json({ ...answer, ...over }), ['resumed', 'base', 'next'])
}
const name = (from: Side, nameId: number, text: string): Step => put(from, FrameType.name, { nameId, text })
const ack = (id: number, count: number): Step => server(FrameType.ack, { id, u32: count })
const error = (from: Side, type: number, id: number, code: string): Step =>
  put(from, type, { id, ...json({ code, message: code }) }, ['code'])

/** The ids of the calls of this package's client: its n-th use of the first place of its list. */
const call = (use: number): number => use * 2 ** 20

const nobody = { server: [], client: [] }

export const sessions: readonly SessionVector[] = [
  {
    rules: ['B1', 'B3', 'N1', 'D1', 'D2', 'D3', 'D5', 'T5', 'T6', 'T7'],
    what: 'an event, a message that is acknowledged, and one whose acknowledgement is lost: it comes again, is handled once, and is acknowledged again',
    roles: ['client', 'server'],
    steps: [
      hello('resume'),
      welcome(),
      doing({ emit: ['say', 'hi'] }),
      name('client', 1, 'say'),
      client(FrameType.emit, { nameId: 1, ...json('hi') }),
      doing({ send: ['say', 'one'] }),
      client(FrameType.send, { nameId: 1, id: 1, ...json('one') }),
      ack(1, 1),
      doing({ acknowledged: true }),
      doing({ send: ['say', 'two'] }),
      client(FrameType.send, { nameId: 1, id: 2, ...json('two') }),
      lost(ack(2, 1)),
      { cut: true },
      hello('resume', { base: 2, next: 3 }),
      welcome({ resumed: true }),
      name('client', 1, 'say'),
      client(FrameType.send, { nameId: 1, id: 2, flags: Flag.redelivered, ...json('two') }),
      ack(2, 1),
      doing({ acknowledged: true }),
    ],
    heard: {
      server: [
        ['say', 'hi'],
        ['say', 'one'],
        ['say', 'two'],
      ],
      client: [],
    },
  },
  {
    rules: ['D1', 'D2', 'D3', 'D5', 'D6'],
    what: 'the same from the server',
    roles: ['client', 'server'],
    steps: [
      hello('back'),
      welcome(),
      { server: { send: ['note', 1] } },
      name('server', 1, 'note'),
      server(FrameType.send, { nameId: 1, id: 1, ...json(1) }),
      lost(client(FrameType.ack, { id: 1, u32: 1 })),
      { cut: true },
      hello('back', { received: 1 }),
      welcome({ resumed: true, next: 2 }),
      name('server', 1, 'note'),
      server(FrameType.send, { nameId: 1, id: 1, flags: Flag.redelivered, ...json(1) }),
      client(FrameType.ack, { id: 1, u32: 1 }),
      { server: { acknowledged: true } },
    ],
    heard: { server: [], client: [['note', 1]] },
  },
  {
    rules: ['D7', 'H3', 'D1'],
    what: 'the server has forgotten the session: it numbers on from received, and the client sends again what got no answer',
    roles: ['client', 'server'],
    steps: [
      hello('forgotten'),
      welcome(),
      { server: { send: ['note', 1] } },
      name('server', 1, 'note'),
      server(FrameType.send, { nameId: 1, id: 1, ...json(1) }),
      client(FrameType.ack, { id: 1, u32: 1 }),
      { server: { acknowledged: true } },
      doing({ send: ['say', 'one'] }),
      name('client', 1, 'say'),
      client(FrameType.send, { nameId: 1, id: 1, ...json('one') }),
      lost(ack(1, 1)),
      { cut: true },
      { server: { restart: true } },
      hello('forgotten', { next: 2, received: 1 }),
      welcome({ base: 2, next: 2 }),
      name('client', 1, 'say'),
      client(FrameType.send, { nameId: 1, id: 1, flags: Flag.redelivered, ...json('one') }),
      ack(1, 1),
      doing({ acknowledged: true }),
      { server: { send: ['note', 2] } },
      name('server', 1, 'note'),
      server(FrameType.send, { nameId: 1, id: 2, ...json(2) }),
      client(FrameType.ack, { id: 2, u32: 1 }),
    ],
    heard: {
      server: [
        ['say', 'one'],
        ['say', 'one'],
      ],
      client: [
        ['note', 1],
        ['note', 2],
      ],
    },
  },
  {
    rules: ['T8', 'T18', 'D3', 'D4', 'U4', 'H4'],
    what: 'messages that nobody listens to, that fail, and that are put off and come again',
    roles: ['client', 'server'],
    steps: [
      hello('refused'),
      welcome(),
      doing({ send: ['unknown', 1] }),
      name('client', 1, 'unknown'),
      client(FrameType.send, { nameId: 1, id: 1, ...json(1) }),
      error('server', FrameType.nack, 1, 'ERR_NO_HANDLER'),
      doing({ failed: 'ERR_NO_HANDLER' }),
      doing({ send: ['bad', 2] }),
      name('client', 2, 'bad'),
      client(FrameType.send, { nameId: 2, id: 2, ...json(2) }),
      error('server', FrameType.nack, 2, 'E_BAD'),
      doing({ failed: 'E_BAD' }),
      doing({ send: ['later', 3] }),
      name('client', 3, 'later'),
      client(FrameType.send, { nameId: 3, id: 3, ...json(3) }),
      server(FrameType.defer, { id: 3, u32: 20 }),
      client(FrameType.send, { nameId: 3, id: 3, flags: Flag.redelivered, ...json(3) }),
      ack(3, 1),
      doing({ acknowledged: true }),
      doing({ emit: ['unknown', 4] }),
      client(FrameType.emit, { nameId: 1, ...json(4) }),
      doing({ emit: ['say', 5] }),
      name('client', 4, 'say'),
      client(FrameType.emit, { nameId: 4, ...json(5) }),
    ],
    heard: {
      server: [
        ['bad', 2],
        ['later', 3],
        ['later', 3],
        ['say', 5],
      ],
      client: [],
    },
  },
  {
    rules: ['T9', 'T10', 'T11', 'C1', 'C2', 'E1', 'P1', 'U5', 'U10'],
    what: 'requests: answered, failed, and handled by nobody',
    roles: ['client', 'server'],
    steps: [
      hello('requests'),
      welcome(),
      doing({ request: ['echo', { a: 'ü' }] }),
      name('client', 1, 'echo'),
      client(FrameType.request, { nameId: 1, id: call(1), ...json({ a: 'ü' }) }),
      server(FrameType.reply, { id: call(1), ...json({ a: 'ü' }) }),
      doing({ answer: { a: 'ü' } }),
      doing({ request: ['echo'] }),
      client(FrameType.request, { nameId: 1, id: call(2) }),
      server(FrameType.reply, { id: call(2) }),
      doing({ answered: true }),
      doing({ request: ['fail', 1] }),
      name('client', 2, 'fail'),
      client(FrameType.request, { nameId: 2, id: call(3), ...json(1) }),
      error('server', FrameType.failure, call(3), 'E_FAIL'),
      doing({ failed: 'E_FAIL' }),
      doing({ request: ['unknown', 1] }),
      name('client', 3, 'unknown'),
      client(FrameType.request, { nameId: 3, id: call(4), ...json(1) }),
      error('server', FrameType.failure, call(4), 'ERR_NO_HANDLER'),
      doing({ failed: 'ERR_NO_HANDLER' }),
    ],
    heard: nobody,
  },
  {
    rules: ['T12', 'T13', 'T14', 'T15', 'C2', 'C3', 'C4', 'U6'],
    what: 'a stream to its end, one that its reader leaves, and a request that is cancelled',
    roles: ['client', 'server'],
    steps: [
      hello('streams'),
      welcome(),
      doing({ stream: ['count', 3], window: 8 }),
      name('client', 1, 'count'),
      client(FrameType.request, { nameId: 1, id: call(1), window: 8, flags: Flag.stream, ...json(3) }),
      server(FrameType.item, { id: call(1), ...json(1) }),
      server(FrameType.item, { id: call(1), ...json(2) }),
      server(FrameType.item, { id: call(1), ...json(3) }),
      server(FrameType.end, { id: call(1) }),
      doing({ next: true }),
      doing({ next: true }),
      doing({ next: true }),
      doing({ answer: [1, 2, 3] }),
      doing({ stream: ['count', 9], window: 2 }),
      client(FrameType.request, { nameId: 1, id: call(2), window: 2, flags: Flag.stream, ...json(9) }),
      server(FrameType.item, { id: call(2), ...json(1) }),
      server(FrameType.item, { id: call(2), ...json(2) }),
      client(FrameType.credit, { id: call(2), u32: 1 }),
      server(FrameType.item, { id: call(2), ...json(3) }),
      doing({ leave: true }),
      client(FrameType.cancel, { id: call(2) }),
      doing({ answer: [1] }),
      doing({ request: ['never', null] }),
      name('client', 2, 'never'),
      client(FrameType.request, { nameId: 2, id: call(3), ...json(null) }),
      doing({ abort: true }),
      client(FrameType.cancel, { id: call(3) }),
      doing({ request: ['echo', 'after'] }),
      name('client', 3, 'echo'),
      client(FrameType.request, { nameId: 3, id: call(4), ...json('after') }),
      server(FrameType.reply, { id: call(4), ...json('after') }),
      doing({ answer: 'after' }),
    ],
    heard: nobody,
  },
  {
    rules: ['T19', 'T20', 'T22', 'I1', 'I2', 'I3', 'H4'],
    what: 'a request whose input is a stream',
    roles: ['client', 'server'],
    steps: [
      hello('input'),
      welcome(),
      doing({ requestWithItems: ['sum', [1, 2]] }),
      name('client', 1, 'sum'),
      client(FrameType.request, { nameId: 1, id: call(1), flags: Flag.input }),
      server(FrameType.inputCredit, { id: call(1), u32: 1_048_576 }),
      client(FrameType.input, { id: call(1), ...json(1) }),
      client(FrameType.input, { id: call(1), ...json(2) }),
      client(FrameType.inputEnd, { id: call(1) }),
      server(FrameType.reply, { id: call(1), ...json(3) }),
      doing({ answer: 3 }),
    ],
    heard: nobody,
  },
  {
    rules: ['D8', 'C1'],
    what: 'a request does not outlive its connection',
    roles: ['client', 'server'],
    steps: [
      hello('outlived'),
      welcome(),
      doing({ request: ['never', 1] }),
      name('client', 1, 'never'),
      client(FrameType.request, { nameId: 1, id: call(1), ...json(1) }),
      { cut: true },
      doing({ failed: 'ERR_DISCONNECTED' }),
      hello('outlived'),
      welcome({ resumed: true }),
      doing({ request: ['echo', 1] }),
      name('client', 2, 'echo'),
      client(FrameType.request, { nameId: 2, id: call(2), ...json(1) }),
      server(FrameType.reply, { id: call(2), ...json(1) }),
      doing({ answer: 1 }),
    ],
    heard: nobody,
  },
  {
    rules: ['T16', 'T17', 'T128', 'U1', 'U3', 'U6', 'U7', 'F6', 'N1', 'D2'],
    what: 'what a server ignores, and PING; a name that is said again, and a number that is left out',
    roles: ['server'],
    steps: [
      hello('ignored', { color: 'red', knows: ['defer', 'colors'] }),
      welcome(),
      client(FrameType.heartbeat, {}),
      client(200, { bytes: '0102' }),
      client(FrameType.reply, { id: 77, ...json(1) }),
      client(FrameType.cancel, { id: 78 }),
      client(FrameType.credit, { id: 79, u32: 1 }),
      client(FrameType.inputEnd, { id: 80 }),
      name('client', 1, 'say'),
      name('client', 1, 'say'),
      client(FrameType.emit, { nameId: 1, flags: 0xf1, text: '"x"' }),
      client(FrameType.ping, { id: 2 ** 53 - 1 }),
      server(FrameType.pong, { id: 2 ** 53 - 1 }),
      client(FrameType.send, { nameId: 1, id: 5, ...json('y') }),
      ack(5, 1),
      client(FrameType.send, { nameId: 1, id: 4, ...json('z') }),
      ack(4, 1),
    ],
    heard: {
      server: [
        ['say', 'x'],
        ['say', 'y'],
      ],
      client: [],
    },
  },
  {
    rules: ['D9', 'T3'],
    what: 'another connection of the session takes the place of the first',
    roles: ['server'],
    steps: [
      hello('taken'),
      welcome(),
      name('client', 1, 'say'),
      client(FrameType.send, { nameId: 1, id: 1, ...json('one') }),
      lost(ack(1, 1)),
      { second: true },
      hello('taken', { base: 1, next: 2 }),
      welcome({ resumed: true }),
      name('client', 1, 'say'),
      client(FrameType.send, { nameId: 1, id: 1, flags: Flag.redelivered, ...json('one') }),
      ack(1, 1),
    ],
    heard: { server: [['say', 'one']], client: [] },
  },
  ...(
    [
      [
        'C1',
        'a REQUEST with the id of a call that is under way',
        [
          name('client', 1, 'never'),
          client(FrameType.request, { nameId: 1, id: 1 }),
          client(FrameType.request, { nameId: 1, id: 1 }),
        ],
      ],
      [
        'I2',
        'an INPUT before any credit',
        [
          name('client', 1, 'never'),
          client(FrameType.request, { nameId: 1, id: 1, flags: Flag.input }),
          client(FrameType.input, { id: 1, ...json(1) }),
        ],
      ],
    ] as const
  ).map(([rule, what, steps]): SessionVector => ({
    rules: [rule],
    what: `${what} ends the connection`,
    roles: ['server'],
    steps: [hello(`ends-${rule}`), welcome(), ...steps, goodbye('server')],
    heard: nobody,
  })),
  ...(
    [
      ['C2', 'a REPLY to a stream', [server(FrameType.reply, { id: call(1), ...json(1) })]],
      [
        'C3',
        'an ITEM beyond the window',
        [
          server(FrameType.item, { id: call(1), ...json(1) }),
          client(FrameType.credit, { id: call(1), u32: 1 }),
          server(FrameType.item, { id: call(1), ...json(2) }),
          server(FrameType.item, { id: call(1), ...json(3) }),
        ],
      ],
    ] as const
  ).map(([rule, what, steps]): SessionVector => ({
    rules: [rule],
    what: `${what} ends the connection`,
    roles: ['client'],
    steps: [
      hello(`ends-${rule}`),
      welcome(),
      doing({ stream: ['count', 9], window: 1 }),
      name('client', 1, 'count'),
      client(FrameType.request, { nameId: 1, id: call(1), window: 1, flags: Flag.stream, ...json(9) }),
      ...steps,
      goodbye('client'),
      doing({ failed: 'ERR_PROTOCOL' }),
    ],
    heard: nobody,
  })),
]

function goodbye(from: Side): Step {
  return put(from, FrameType.goodbye, json({ code: 'ERR_PROTOCOL', message: 'ERR_PROTOCOL' }), ['code'])
}
