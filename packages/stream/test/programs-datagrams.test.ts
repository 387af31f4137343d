/** Programs that take datagrams: chronyd, wpa_supplicant, rsyslog. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  codeOf,
  freshName,
  needs,
  socketPath,
  spawnProgram,
  tempDir,
  until,
  type Spawned,
} from '@uds/testkit'
import { connect } from '@uds/stream'
import { syslog, UnixDatagramSocket } from '@uds/stream/datagram'
import { capabilities } from '@uds/winsock-ffi'
import { hasUserEntry } from './dbus.ts'

const chronyd = needs('chronyd')
const wpaSupplicant = needs('wpa_supplicant')
const rsyslogd = needs('rsyslogd')
const can = capabilities()

/** A client with an address, or without one, and what it is told. */
const client = (
  server: string,
  at?: string,
): { readonly socket: UnixDatagramSocket; readonly heard: Buffer[] } => {
  const socket = at === undefined ? new UnixDatagramSocket() : UnixDatagramSocket.bind(at)
  onTestFinished(() => socket.close())
  const heard: Buffer[] = []
  socket.on('message', (data) => heard.push(data))
  return { socket: socket.connect(server), heard }
}

/** A server creates its socket before it answers: who connects too early is refused. */
const isThere = async (path: string, program: Spawned): Promise<void> => {
  const ended = program.exit.then(() => {
    throw new Error(`the program has ended: ${program.stdout()}${program.stderr()}`)
  })
  await Promise.race([until(() => existsSync(path)), ended])
}

/** A request for what the clock is doing: candm.h of chrony. */
const trackingRequest = (sequence: number): Buffer => {
  const [PROTO_VERSION_NUMBER, PKT_TYPE_CMD_REQUEST, REQ_TRACKING] = [6, 1, 33]
  const request = Buffer.alloc(104)
  request[0] = PROTO_VERSION_NUMBER
  request[1] = PKT_TYPE_CMD_REQUEST
  request.writeUInt16BE(REQ_TRACKING, 4)
  request.writeUInt32BE(sequence, 8)
  return request
}

describe.skipIf(!can.datagram || !can.abstractNames || !hasUserEntry || chronyd.missing)('chronyd', () => {
  test('answers who is bound to a path; to others it says nothing', async () => {
    const directory = tempDir()
    const at = (name: string): string => join(directory, name)
    writeFileSync(at('conf'), `bindcmdaddress ${at('s')}\ncmdport 0\nport 0\npidfile ${at('pid')}\n`)
    // -x leaves the clock alone, -U does not ask for root.
    const args = ['-d', '-x', '-U', '-u', userInfo().username, '-f', at('conf')]
    const program = spawnProgram(chronyd.path, args)
    await isThere(at('s'), program)
    const mute = client(at('s'))
    const abstract = client(at('s'), `unix:@${freshName()}`)
    const bound = client(at('s'), at('client'))
    await mute.socket.send(trackingRequest(1))
    await abstract.socket.send(trackingRequest(2))
    await bound.socket.send(trackingRequest(3))
    // It answers in the order of the requests.
    await until(() => bound.heard.length > 0)
    const [answer] = bound.heard
    const PKT_TYPE_CMD_REPLY = 2
    expect([answer![1], answer!.readUInt32BE(16)]).toEqual([PKT_TYPE_CMD_REPLY, 3])
    expect([...mute.heard, ...abstract.heard]).toEqual([])
    bound.socket.close()
    expect(existsSync(at('client'))).toBe(false)
    await program.kill('SIGTERM')
    expect(existsSync(at('s'))).toBe(false)
  })
})

describe.skipIf(!can.datagram || !can.abstractNames || wpaSupplicant.missing)('wpa_supplicant', () => {
  test('answers who has an address, a path or an abstract name', async () => {
    const path = socketPath()
    const program = spawnProgram(wpaSupplicant.path, ['-g', path])
    await isThere(path, program)
    const mute = client(path)
    const abstract = client(path, `unix:@${freshName()}`)
    const bound = client(path, socketPath())
    await mute.socket.send('PING')
    await abstract.socket.send('PING')
    await bound.socket.send('PING')
    await bound.socket.send('NO SUCH COMMAND')
    await until(() => bound.heard.length > 1)
    expect(bound.heard.map(String)).toEqual(['PONG\n', 'UNKNOWN COMMAND\n'])
    await until(() => abstract.heard.length > 0)
    expect(abstract.heard.map(String)).toEqual(['PONG\n'])
    expect(mute.heard).toEqual([])
    expect(statSync(path).mode & 0o777).toBe(0o700)
    await program.kill('SIGTERM')
    expect(existsSync(path)).toBe(false)
  })
})

describe.skipIf(!can.datagram || can.system !== 'linux' || rsyslogd.missing)('rsyslog', () => {
  test('writes what syslog() sends, and what the kernel says of its sender', async () => {
    const directory = tempDir()
    const at = (name: string): string => join(directory, name)
    writeFileSync(
      at('conf'),
      `module(load="imuxsock" SysSock.Use="off")
       input(type="imuxsock" Socket="${at('s')}" Annotate="on" RateLimit.Interval="0")
       template(name="line" type="string" string="%pri% %syslogtag%%msg%\\n")
       *.* action(type="omfile" file="${at('out')}" template="line")`,
    )
    const program = spawnProgram(rsyslogd.path, ['-n', '-f', at('conf'), '-i', at('pid')])
    await isThere(at('s'), program)
    const written = (): string[] =>
      existsSync(at('out')) ? readFileSync(at('out'), 'utf8').split('\n').slice(0, -1) : []
    await syslog('err', 'it broke', { address: at('s'), facility: 'daemon', ident: 'backup' })
    await until(() => written().length === 1)
    expect(written()[0]).toMatch(
      new RegExp(
        `^27 backup\\[${process.pid}\\]: it broke.*_PID=${process.pid}\\b.*_UID=${process.getuid!()}\\b`,
      ),
    )

    expect(statSync(at('s')).mode & 0o777).toBe(0o666)

    const { socket } = client(at('s'))
    // It reads at once what it keeps, and cuts the rest: maxMessageSize is 8 KiB.
    await socket.send(`<13>Nov  7 09:05:01 long: ${'x'.repeat(212_960 - 26)}`)
    await until(() => written().length === 2)
    expect(written()[1]!.length).toBeLessThan(8300)
    expect(await codeOf(socket.send(Buffer.alloc(213_000)))).toBe('EMSGSIZE')

    // Bursts are held up, not lost: the queue of a datagram socket has ten places.
    for (let index = 0; index < 500; index += 1) void socket.send(`<13>Nov  7 09:05:01 burst: ${index}`)
    await until(() => written().length === 502)
    expect(
      written()
        .slice(2)
        .map((line) => Number(/: (\d+)/.exec(line)?.[1])),
    ).toEqual(Array.from({ length: 500 }, (_, index) => index))

    expect(await codeOf(connect({ scheme: 'unix', path: at('s') }))).toBe('EPROTOTYPE')
    await program.kill('SIGTERM')
  })
})
