/** Options that are wrong: refused in words, on every system, before anything is opened. */
import { describe, expect, test } from 'vitest'
import { errorOf, expectNoLeak, freshName, spawnScript } from '@uds/testkit'
import {
  LocalListener,
  LocalStream,
  UnixDatagram,
  UnixListener,
  UnixStream,
  WinListener,
  WinStream,
} from '../src/index.ts'
import { kindsHere, local, unix, win } from './kinds.ts'

const wrong = (value: unknown): never => value as never

const expectRefused = (call: () => unknown, code: string, message: RegExp): void => {
  const error = errorOf(call)
  expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)])
}

describe('a name that does not exist is told, with those that do', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'UnixListener.bind',
      () => UnixListener.bind(unix.fresh(), wrong({ backLog: 5 })),
      /^bind: the option backLog does not exist \(there is backlog, mode, removeStale, unlinkOnClose, takeOver\), got 5/,
    ],
    [
      'UnixDatagram.bind',
      () => UnixDatagram.bind(unix.fresh(), wrong({ backlog: 5 })),
      /the option backlog does not exist \(there is mode, removeStale, unlinkOnClose\)/,
    ],
    [
      'WinListener.bind',
      () => WinListener.bind(win.fresh(), wrong({ secruity: 'current-user' })),
      /secruity does not exist \(there is backlog, bufferSize, security, rejectRemote, direction, messageMode\)/,
    ],
    [
      'LocalListener.bind',
      () => LocalListener.bind(local.fresh(), wrong({ buffersize: 1 })),
      /buffersize does not exist \(there is backlog, mode, .*bufferSize, security/,
    ],
    [
      'UnixStream.connect',
      () => UnixStream.connect(unix.fresh(), wrong({ timeout: 5 })),
      /^connect: the option timeout does not exist \(there is timeoutMs, verifyServer\), got 5/,
    ],
    ['WinStream.connect', () => WinStream.connect(win.fresh(), wrong({ verify: 'sameUser' })), /verify does/],
    [
      'LocalStream.connect',
      () => LocalStream.connect(local.fresh(), wrong({ verifyserver: 'sameUser' })),
      /verifyserver does not exist/,
    ],
    [
      'LocalStream.connectWithTimeout',
      () => LocalStream.connectWithTimeout(local.fresh(), 0, wrong({ timeoutMs: 5 })),
      /the option timeoutMs does not exist \(there is verifyServer\)/,
    ],
    [
      'security.sddl',
      () => WinListener.bind(win.fresh(), { security: wrong({ sddl: 'D:', owner: 'me' }) }),
      /^bind: security: the option owner does not exist \(there is sddl\)/,
    ],
  ])('%s', (_name, call, message) => expectRefused(call, 'ERR_INVALID_ARG_VALUE', message))
})

describe.each(kindsHere)('the calls of $name', (kind) => {
  test('refuse options that do not exist, and options that are no object', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const [a, b] = kind.pair()
    const one = Buffer.alloc(1)
    const calls: [string, (options: never) => unknown][] = [
      ['accept', (options) => listener.accept(options)],
      ['read', (options) => a.read(one, options)],
      ['write', (options) => a.write(one, options)],
      ['readExact', (options) => a.readExact(1, options)],
      ['readToEnd', (options) => a.readToEnd(options)],
      ['writeAll', (options) => a.writeAll(one, options)],
      ['read', (options) => a.readVectored([one], options)],
      ['writeVectored', (options) => a.writeVectored([one], options)],
      ['peek', (options) => a.peek(one, options)],
      ['flush', (options) => a.flush(options)],
      ['lines', (options) => a.lines(options)],
      ['close', (options) => a.close(options)],
    ]
    for (const [name, call] of calls) {
      const misspelt = new RegExp(`^${name}: the option timeoutMS does not exist`)
      expectRefused(() => call(wrong({ timeoutMS: 0 })), 'ERR_INVALID_ARG_VALUE', misspelt)
      for (const value of [500, null, [], 'fast', () => {}]) {
        const message = new RegExp(`^${name}: the options must be an object with`)
        expectRefused(() => call(wrong(value)), 'ERR_INVALID_ARG_TYPE', message)
      }
    }
    // A close that was refused has closed nothing.
    expect(a.closed).toBe(false)
    for (const each of [a, b, listener]) each.close()
  })
})

describe('values that mean nothing', () => {
  test.each<[string, unknown, string, RegExp]>([
    [
      'security',
      'curentUser',
      'ERR_INVALID_ARG_TYPE',
      /^bind: security must be 'current-user', 'authenticated-users', 'os-default' or \{ sddl \}, got 'curentUser'/,
    ],
    ['security', { SDDL: 'D:' }, 'ERR_INVALID_ARG_TYPE', /^bind: security must be/],
    ['security', { sddl: '' }, 'ERR_INVALID_ARG_VALUE', /^bind: security.sddl must say who may connect/],
    ['security', { sddl: 'O:BA' }, 'ERR_INVALID_ARG_VALUE', /by a list that begins with D:/],
    ['rejectRemote', 'no', 'ERR_INVALID_ARG_TYPE', /^bind: rejectRemote must be a boolean/],
    ['messageMode', 1, 'ERR_INVALID_ARG_TYPE', /^bind: messageMode must be a boolean/],
    ['bufferSize', 1.5, 'ERR_OUT_OF_RANGE', /^bind: bufferSize must be an integer from 1/],
    ['bufferSize', '64k', 'ERR_INVALID_ARG_TYPE', /^bind: bufferSize must be an integer/],
  ])(
    '%s %j is refused by WinListener and by LocalListener, on every system',
    (name, value, code, message) => {
      for (const bind of [
        () => WinListener.bind(win.fresh(), wrong({ [name]: value })),
        () => LocalListener.bind(local.fresh(), wrong({ [name]: value })),
      ])
        expectRefused(bind, code, message)
    },
  )

  test('verifyServer', () => {
    for (const connect of [
      () => UnixStream.connect(unix.fresh(), { verifyServer: wrong('sameuser') }),
      () => WinStream.connectWithTimeout(win.fresh(), 0, { verifyServer: wrong(true) }),
      () => LocalStream.connect(local.fresh(), { verifyServer: wrong('me') }),
    ])
      expectRefused(
        connect,
        'ERR_INVALID_ARG_TYPE',
        /^connect: verifyServer must be 'sameUser' or undefined, got/,
      )
  })

  test('what is refused leaves no handle behind', async () => {
    await expectNoLeak(() => {
      errorOf(() => LocalListener.bind(local.fresh(), { security: wrong('curentUser') }))
      errorOf(() => LocalStream.connect(local.fresh(), wrong({ timeout: 5 })))
    })
  })
})

describe.each([...kindsHere, local])('verifyServer of $name', (kind) => {
  test.skipIf(!kind.credentials)("'sameUser' takes a server of this user", () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const { Stream } = kind
    const clients = [
      Stream.connect(address, { verifyServer: 'sameUser' }),
      Stream.connectWithTimeout(address, 1000, { verifyServer: 'sameUser' }),
    ]
    for (const client of clients) {
      client.writeAll(Buffer.from('x'))
      const server = listener.accept()
      expect(server.readExact(1).toString()).toBe('x')
      server.close()
      client.close()
    }
    listener.close()
  })

  test.skipIf(kind.credentials)('where nobody vouches for the server, it is refused, and says so', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    expectRefused(
      () => kind.Stream.connect(address, { verifyServer: 'sameUser' }),
      'EACCES',
      /the user of the server could not be told: .*ENOTSUP/,
    )
    listener.close()
  })
})

// Only root can be two users, and only Linux has names that both may claim.
test.skipIf(process.platform !== 'linux' || process.geteuid?.() !== 0)(
  "verifyServer: 'sameUser' refuses the server of another user, and says so",
  async () => {
    const script = spawnScript(new URL('./fixtures/other-user.ts', import.meta.url), [freshName()])
    expect(await script.exit).toEqual({ code: 0, signal: null })
    expect(script.stderr()).toBe('')
    expect(script.stdout()).toMatch(
      /^connect EACCES unix:@\S+: the server is not known to be the same user: it runs as uid 65534 \(process \d+\), and this process as uid 0/,
    )
  },
)
