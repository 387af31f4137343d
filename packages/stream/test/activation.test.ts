/** Descriptors that a service manager passes: systemd-socket-activate is systemd's own for tests. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freshName, needs, socketPath, spawnProgram, type Spawned } from '@uds/testkit'
import { capabilities, sockets, UnixAddress } from '@uds/winsock-ffi'
import { connect, listen, listenFds } from '@uds/stream'
import { connectSeqpacket, UnixDatagramSocket } from '@uds/stream/datagram'
import { lineOf, onPosix } from './support.ts'

const activate = needs('systemd-socket-activate')
const script = fileURLToPath(new URL('fixtures/activated-any.ts', import.meta.url))
const server = [process.execPath, '--disable-warning=ExperimentalWarning', script]

const activator = (...args: string[]): Spawned => spawnProgram(activate.path, [...args, ...server])

/** What the service says that it was passed. */
const passed = async (service: Spawned): Promise<unknown> =>
  JSON.parse((await service.waitForLine(/^passed (.*)$/))[1]!)

const listening = (service: Spawned): Promise<unknown> => service.waitForLine(/Listening on/)

const ask = async (address: string, text = 'hello'): Promise<string> => {
  const connection = await connect(address, { allowHalfOpen: true })
  connection.write(text)
  const answer = await lineOf(connection)
  connection.destroy()
  return answer
}

describe.skipIf(activate.missing)('of systemd-socket-activate', () => {
  test('stream listeners, with their names', async () => {
    const [web, log] = [socketPath(), `@${freshName()}`]
    const service = activator('-l', web, '-l', log, '--fdname=web:log')
    await listening(service)
    expect(await ask(`unix:${log}`)).toBe('log: hello')
    const kind = 'stream-listener'
    expect(await passed(service)).toEqual({
      address: 'fd:3',
      fd: 3,
      kind,
      name: 'web',
      localAddress: `unix:${web}`,
    })
    expect(await passed(service)).toMatchObject({ fd: 4, kind, name: 'log', localAddress: `unix:${log}` })
    expect(await ask(`unix:${web}`)).toBe('web: hello')
  })

  test('connections of Accept=yes', async () => {
    const path = socketPath()
    const service = activator('--accept', '-l', path)
    await listening(service)
    expect(await Promise.all([ask(`unix:${path}`, 'a'), ask(`unix:${path}`, 'b')])).toEqual([
      expect.stringMatching(/^\w+: a$/),
      expect.stringMatching(/^\w+: b$/),
    ])
    expect(await passed(service)).toMatchObject({ fd: 3, kind: 'stream' })
  })

  test('datagram sockets', async () => {
    const path = socketPath()
    const service = activator('--datagram', '-l', path)
    await listening(service)
    const client = UnixDatagramSocket.bind(socketPath())
    onTestFinished(() => client.close())
    await client.connect(path).send('hello')
    for await (const { data } of client) {
      expect(String(data)).toBe('unknown: hello')
      break
    }
    expect(await passed(service)).toMatchObject({ kind: 'datagram', localAddress: `unix:${path}` })
  })

  test.each([
    ['listeners', [], 'seqpacket-listener'],
    ['connections of Accept=yes', ['--accept'], 'seqpacket'],
  ])('seqpacket %s', async (_what, options, kind) => {
    const path = socketPath()
    const service = activator('--seqpacket', ...options, '-l', path)
    await listening(service)
    const client = connectSeqpacket(path)
    onTestFinished(() => client.close())
    await client.send('hello')
    for await (const { data } of client) expect(String(data)).toMatch(/: hello$/)
    expect(await passed(service)).toMatchObject({ kind })
  })

  test('a shell that does not exec Node is told of', async () => {
    const path = socketPath()
    const service = spawnProgram(activate.path, ['-l', path, 'sh', '-c', '"$@"; exit 0', 'sh', ...server])
    await listening(service)
    const client = await connect(`unix:${path}`)
    const [said] = await service.waitForLine(/UDS_LISTEN_PID.*LISTEN_PID is \d+.*/)
    expect(said).toMatch(/by `exec node/)
    client.destroy()
  })
})

describe.skipIf(!onPosix)('a descriptor of another kind', () => {
  test('a FIFO is read by connect', async () => {
    const path = socketPath()
    execFileSync('mkfifo', [path])
    // As ListenFIFO= opens it.
    const fd = openSync(path, constants.O_RDWR)
    onTestFinished(() => closeSync(fd))
    const shell = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<>"$0"'
    const service = spawnProgram('sh', ['-c', shell, path, ...server])
    expect(await passed(service)).toMatchObject({ kind: 'fifo' })
    writeFileSync(path, 'through the FIFO\n')
    await service.waitForLine(/^unknown: through the FIFO$/)
  })

  test('is refused in words, with the call that takes it', async () => {
    const path = socketPath()
    const stream = sockets.open('unix', 'stream')
    const listener = sockets.open('unix', 'stream')
    const datagram = sockets.open('unix', 'datagram')
    const [one, other] = sockets.pair('stream')
    onTestFinished(() => [stream, listener, datagram, one, other].forEach((each) => each.close()))
    sockets.bind(listener, UnixAddress.path(path))
    sockets.listen(listener, 1)
    const refusals: readonly (readonly [Promise<unknown>, string, RegExp])[] = [
      [connect(`fd:${stream.fd}`), 'ENOTCONN', /not connected \(connect it first/],
      [
        connect(`fd:${listener.fd}`),
        'EINVAL',
        new RegExp(`listens \\(listen\\('fd:${listener.fd}'\\) takes it`),
      ],
      [
        connect(`fd:${datagram.fd}`),
        'EPROTOTYPE',
        /a datagram socket \(UnixDatagramSocket\.from\(\d+\) takes it/,
      ],
      [
        listen(`fd:${datagram.fd}`),
        'EPROTOTYPE',
        /a datagram socket \(UnixDatagramSocket\.from\(\d+\) takes it/,
      ],
      [listen(`fd:${one.fd}`), 'EINVAL', /connection is \(connect\('fd:\d+'\) takes it/],
    ]
    for (const [refusal, code, message] of refusals)
      await expect(refusal).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    if (!capabilities().seqpacket) return
    const seqpacket = sockets.open('unix', 'seqpacket')
    onTestFinished(() => seqpacket.close())
    await expect(listen(`fd:${seqpacket.fd}`)).rejects.toThrow(/SeqpacketSocket\.from/)
  })
})

test('LISTEN_FDS is read once, for this process alone', () => {
  const env = { LISTEN_PID: String(process.pid), LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:' }
  expect(listenFds(env)).toEqual([
    { address: 'fd:3', fd: 3, name: 'web' },
    { address: 'fd:4', fd: 4, name: 'unknown' },
  ])
  expect(listenFds(env)).toEqual([])
  expect(listenFds({ LISTEN_PID: '1', LISTEN_FDS: '2' })).toEqual([])
  expect(listenFds({ LISTEN_PID: String(process.pid), LISTEN_FDS: 'many' })).toEqual([])
})
