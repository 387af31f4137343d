/** What a newcomer may get wrong: each says what, where, and what to do; and nothing was opened for it. */
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { Agent } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectNoLeak, freshName, socketPath } from '@uds/testkit'
import {
  connect,
  fd,
  listen,
  memory,
  pipe,
  StreamReader,
  tcp,
  unix,
  withLimits,
  withRoute,
  withTls,
  withTrace,
  type Transport,
} from '@uds/stream'
import { agent, dispatcher, serve } from '@uds/stream/http'
import { onPosix } from './support.ts'

const MEMORY = 'memory:wrong-options'

describe('options that are wrong are refused before anything is opened', () => {
  test.each<[object | null | number, string, RegExp]>([
    [null, 'ERR_INVALID_ARG_TYPE', /^connect: the options must be an object, got null/],
    [5, 'ERR_INVALID_ARG_TYPE', /^connect: the options must be an object, got 5/],
    [{ signal: {} }, 'ERR_INVALID_ARG_TYPE', /^connect: signal must be an AbortSignal/],
    [{ signal: 5 }, 'ERR_INVALID_ARG_TYPE', /^connect: signal must be an AbortSignal/],
    [{ timeoutMs: '5' }, 'ERR_INVALID_ARG_TYPE', /^connect: timeoutMs must be a number/],
    [{ timeoutMs: -1 }, 'ERR_OUT_OF_RANGE', /^connect: timeoutMs must be .*0 or more, got -1/],
    [{ retryUntilMs: Number.NaN }, 'ERR_OUT_OF_RANGE', /^connect: retryUntilMs/],
    [{ allowHalfOpen: 1 }, 'ERR_INVALID_ARG_TYPE', /^connect: allowHalfOpen must be a boolean/],
    [{ onread: {} }, 'ERR_INVALID_ARG_TYPE', /^connect: onread must be \{ buffer, callback \}/],
    [{ transport: {} }, 'ERR_INVALID_ARG_TYPE', /^connect: the transport must be .* connect and listen/],
    [{ transport: null }, 'ERR_INVALID_ARG_TYPE', /^connect: the transport must be/],
    [
      { retryUntilMS: 5 },
      'ERR_INVALID_ARG_VALUE',
      /^connect: the option retryUntilMS does not exist .*retryUntilMs/,
    ],
  ])('connect with %j', async (options, code, message) => {
    await expect(connect(MEMORY, options as object)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  test.each<[object | null, string, RegExp]>([
    [null, 'ERR_INVALID_ARG_TYPE', /^listen: the options must be an object, got null/],
    [{ signal: 'now' }, 'ERR_INVALID_ARG_TYPE', /^listen: signal must be an AbortSignal/],
    [{ takeOver: 'yes' }, 'ERR_INVALID_ARG_TYPE', /^listen: takeOver must be a boolean/],
    [{ backlog: 'many' }, 'ERR_INVALID_ARG_TYPE', /^listen: backlog must be an integer/],
    [{ backlog: -1 }, 'ERR_OUT_OF_RANGE', /^listen: backlog must be an integer from 1/],
    [{ uid: 'root' }, 'ERR_INVALID_ARG_TYPE', /^listen: uid must be an integer/],
    [{ gid: -1 }, 'ERR_OUT_OF_RANGE', /^listen: gid must be an integer from 0/],
    [{ mode: 600 }, 'ERR_OUT_OF_RANGE', /^listen: mode must be .*octal, as 0o600, got 600/],
    [{ mode: 0o600 }, 'ERR_INVALID_ARG_VALUE', /has no file, so mode.*memory:wrong-options/],
    [{ takeOver: true }, 'ERR_INVALID_ARG_VALUE', /has no file/],
    [{ transport: 'unix' }, 'ERR_INVALID_ARG_TYPE', /^listen: the transport must be/],
    // Without a word of it, everybody would be let in.
    [
      { autorize: 'sameUser' },
      'ERR_INVALID_ARG_VALUE',
      /^listen: the option autorize does not exist .*authorize/,
    ],
  ])('listen with %j', async (options, code, message) => {
    await expect(listen(MEMORY, options as object)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
    // The name is free still.
    await (await listen(MEMORY)).close()
  })

  test("a transport of one's own has options of its own", async () => {
    const seen: object[] = []
    const own: Transport = {
      ...memory,
      connect: (address, options = {}) => {
        seen.push(options)
        return memory.connect(address)
      },
    }
    const listener = await listen(MEMORY)
    const connection = await connect(MEMORY, { transport: own, colour: 'red' } as object)
    expect(seen).toEqual([{ colour: 'red' }])
    connection.destroy()
    await listener.close()
  })

  test('a mode for TCP is refused, as it would keep nobody out', async () => {
    await expect(listen('tcp:127.0.0.1:0', { mode: 0o600 })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })

  test('a signal that is none is refused by a transport that is used by itself', async () => {
    const options = { signal: {} as AbortSignal }
    for (const action of [
      () => memory.connect(MEMORY, options),
      () => memory.listen(MEMORY, options),
      () => tcp.connect('tcp:127.0.0.1:1', options),
      () => tcp.listen('tcp:127.0.0.1:0', options),
    ])
      await expect(action()).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test.each<[string, (transport: Transport) => unknown]>([
    ['withTls', (transport) => withTls(transport, {})],
    ['withTrace', (transport) => withTrace(transport, () => {})],
    ['withLimits', (transport) => withLimits(transport, {})],
    ['withRoute', (transport) => withRoute(transport, {})],
  ])('%s of what is no transport', (name, compose) => {
    for (const wrong of [undefined, null, {}, 'unix'])
      expect(() => compose(wrong as Transport)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE', message: expect.stringContaining(name) }),
      )
  })

  test.each<[string, () => unknown, RegExp]>([
    [
      'withLimits',
      () => withLimits(memory, { max: 1 } as object),
      /^withLimits: the option max .*did you mean maxConnections/,
    ],
    ['withLimits', () => withLimits(memory, null as never), /^withLimits: the options must be an object/],
    [
      'withTls',
      () => withTls(tcp, { key: 'k', cert: 'c' } as object),
      /^withTls: the option key .*client, server/,
    ],
    [
      'withTls',
      () => withTls(tcp, { server: { crt: 'c' } as object }),
      /the option server\.crt .*did you mean/,
    ],
    ['withTls', () => withTls(tcp, { client: { servrname: 'x' } as object }), /did you mean servername/],
    ['withTls', () => withTls(tcp, { handshakeTimeoutMS: 1 } as object), /did you mean handshakeTimeoutMs/],
    ['withTls', () => withTls(tcp, undefined as never), /^withTls: the options must be an object/],
    ['withTrace', () => withTrace(memory, undefined as never), /^withTrace: log must be a function/],
    [
      'agent',
      () => agent(MEMORY, { keepalive: true } as object),
      /^agent: the option keepalive .*keepAlive\?/,
    ],
    ['agent', () => agent(MEMORY, { host: 'x' } as object), /^agent: the option host does not exist/],
    ['agent', () => agent(MEMORY, { connect: { timeoutMS: 1 } as object }), /^agent: connect: .*timeoutMs\?/],
    [
      'agent',
      () => agent(MEMORY, { tls: { CA: 'x' } as object }),
      /^agent: the option tls\.CA .*did you mean ca\?/,
    ],
    ['agent', () => agent(MEMORY, { tls: true as never }), /^agent: tls must be an object/],
    [
      'dispatcher',
      () => dispatcher(MEMORY, { conect: {} } as object),
      /^dispatcher: .*conect .*did you mean connect/,
    ],
    [
      'dispatcher',
      () => dispatcher(MEMORY, { connect: { retry: 1 } as object }),
      /did you mean retryUntilMs/,
    ],
    [
      'dispatcher',
      () => dispatcher(MEMORY, { tls: { cca: 'x' } as object }),
      /^dispatcher: the option tls\.cca/,
    ],
    [
      'dispatcher',
      () => dispatcher(MEMORY, { agentOptions: { pipelining: 1 } }),
      /^dispatcher: Agent must be a class of undici where there are agentOptions/,
    ],
    [
      'dispatcher',
      () => dispatcher(MEMORY, { Agent, agentOptions: { pipelinning: 1 } }),
      /did you mean pipelining/,
    ],
    [
      'dispatcher',
      () => dispatcher(MEMORY, { Agent, agentOptions: { connect: { ca: 'x' } } }),
      /agentOptions\.connect has no effect here: it is connect and tls of dispatcher/,
    ],
  ])('%s with an option that does not exist, or that can do nothing: %#', (_name, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: expect.stringMatching(/^ERR_INVALID_ARG_(VALUE|TYPE)$/),
        message: expect.stringMatching(message),
      }),
    )
  })

  test('an option that a class of undici may have, and this package does not know, goes to the class', () => {
    const seen: object[] = []
    const Own = function (options: object): void {
      seen.push(options)
    } as unknown as new (options: object) => object
    dispatcher(MEMORY, { Agent: Own, agentOptions: { colour: 'red' } })
    expect(seen).toEqual([{ colour: 'red', connect: expect.any(Function) }])
  })

  test.each([
    [{ transport: memory, autorize: 'sameUser' }, /^listen: the option autorize .*did you mean authorize/],
    [{ transport: memory, takOver: true }, /^listen: the option takOver .*did you mean takeOver/],
  ])("a misspelt option beside a transport of one's own is refused: %#", async (options, message) => {
    await expect(listen(MEMORY, options as object)).rejects.toThrow(message)
  })

  test.each<[string, () => unknown, RegExp]>([
    [
      'memory.listen',
      () => memory.listen(MEMORY, { autorize: 'sameUser' } as object),
      /did you mean authorize/,
    ],
    [
      'tcp.listen',
      () => tcp.listen('tcp:127.0.0.1:0', { maxConnection: 1 } as object),
      /did you mean maxConn/,
    ],
    ['unix.listen', () => unix.listen('unix:./x', { takeover: true } as object), /did you mean takeOver/],
    ['memory.connect', () => memory.connect(MEMORY, { timeoutMS: 1 } as object), /did you mean timeoutMs/],
    [
      'tcp.connect',
      () => tcp.connect('tcp:127.0.0.1:1', { nodelay: true } as object),
      /did you mean noDelay/,
    ],
    ['unix.connect', () => unix.connect('unix:./x', { timeoutMS: 1 } as object), /did you mean timeoutMs/],
    ['pipe.connect', () => pipe.connect('pipe:x', { halfclose: true } as object), /did you mean halfClose/],
    ['fd.connect', () => fd.connect('fd:0', { allowHalfopen: true } as object), /did you mean allowHalfOpen/],
  ])('%s of a transport by itself refuses a misspelt option', async (_name, action, message) => {
    await expect(action()).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringMatching(message),
    })
  })

  test('close and a reader refuse a misspelt option', async () => {
    const listener = await listen(MEMORY)
    expect(() => listener.close({ graceMS: 5 } as object)).toThrow(/did you mean graceMs/)
    await listener.close()
    expect(() => new StreamReader(new PassThrough(), { limt: 5 } as object)).toThrow(/did you mean limit/)
  })

  test.each<[string, object, RegExp]>([
    ['no server part', { client: {} }, /^withTls: server must be .*cert and key/],
    ['neither a certificate nor a key', { server: {} }, /^withTls: server has nothing to prove itself with/],
    ['a certificate without its key', { server: { cert: 'c' } }, /^withTls: server has nothing/],
  ])('withTls that listens with %s', async (_what, options, message) => {
    await expect(listen(MEMORY, { transport: withTls(memory, options) })).rejects.toThrow(message)
    // The name is free still.
    await (await listen(MEMORY)).close()
  })

  test('serve of what is no server', async () => {
    await expect(serve({} as never, MEMORY)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringContaining('node:http'),
    })
  })
})

test.each([
  [{ path: '/x' }, /as in \{ scheme: 'unix', path \}/],
  [{ port: 80 }, /as in \{ scheme: 'tcp', host, port \}/],
])('the address %j of node:net is refused with the form to use', async (address, message) => {
  for (const action of [connect, listen] as ((address: string) => Promise<unknown>)[])
    await expect(action(address as never)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringMatching(message),
    })
})

test.skipIf(!onPosix).each(['~/x.sock', 'unix:~user/x.sock', 'unix:/missing/~/x.sock'])(
  'a ~ in %s is not expanded, and the error says so',
  async (address) => {
    for (const action of [connect, listen] as ((address: string) => Promise<unknown>)[])
      await expect(action(address)).rejects.toMatchObject({
        code: 'ENOENT',
        message: expect.stringMatching(/a ~ in a path is not expanded/),
      })
  },
)

test('a host that nobody knows is named in words', async () => {
  const failed: unknown = await connect('tcp:nobody.invalid:80').catch((error: unknown) => error)
  // Without a resolver at all it is EAI_AGAIN.
  expect(failed).toMatchObject({ code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) })
  expect((failed as Error).message).not.toMatch(/error 3\d{3}/)
})

describe.skipIf(!onPosix)('what is there, and is no socket', () => {
  test.each([
    ['a directory', (path: string): void => mkdirSync(path)],
    ['a regular file', (path: string): void => writeFileSync(path, '')],
  ])('connecting to %s says so', async (kind, put) => {
    const path = socketPath()
    put(path)
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ECONNREFUSED|ENOTSOCK)$/),
      message: expect.stringContaining(`names ${kind}, not a socket`),
    })
  })

  test('listening on the descriptor of a file says so', async () => {
    const path = socketPath()
    writeFileSync(path, '')
    const descriptor = openSync(path, 'r')
    onTestFinished(() => closeSync(descriptor))
    await expect(listen(`fd:${descriptor}`)).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringMatching(/a file or a device, and no socket .*createReadStream/),
    })
  })
})

test('a refusal leaves nothing open', async () => {
  await expectNoLeak(async () => {
    await expect(connect(`memory:${freshName()}`, { allowHalfOpen: 1 as never })).rejects.toThrow(TypeError)
    await expect(listen('tcp:127.0.0.1:0', { backlog: 0 })).rejects.toThrow(RangeError)
  })
})
