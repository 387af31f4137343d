/** Programs that pass descriptors by protocols of their own: D-Bus, QEMU, HAProxy. */
import { closeSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { needs, spawnProgram, tempDir, until } from '@uds/testkit'
import { connect, listen } from '@uds/stream'
import { capabilities, sockets, type SocketHandle } from '@uds/winsock-ffi'
import { converse, converseAncillary, type Conversation } from './conversation.ts'
import { dbus, dbusCall, fileWith, hasUserEntry, joinBus, startBus, type BusClient } from './dbus.ts'
import { lineOf } from './support.ts'

const qemu = needs('qemu-system-x86_64')
const haproxy = needs('haproxy')
const can = capabilities()

/** The bus refuses a second call of one serial while the first has no answer. */
let serial = 1

/** A call from one client to another, with `count` descriptors announced. */
const takeThese = (to: BusClient, count: number): Buffer => {
  const body = Buffer.alloc(4 * count)
  for (let index = 0; index < count; index += 1) body.writeUInt32LE(index, 4 * index)
  return dbusCall(
    (serial += 1),
    [
      [1, 'o', '/'],
      [6, 's', to.name],
      [3, 's', 'TakeThese'],
      [8, 'g', 'h'.repeat(count)],
      [9, 'u', count],
    ],
    body,
  )
}

describe.skipIf(!can.descriptors || dbus.missing || !hasUserEntry)('over dbus-daemon', () => {
  test('two clients pass 1 and 16 descriptors, also with the second half of a message', async () => {
    const { path } = await startBus()
    const [a, b] = [await joinBus(path), await joinBus(path)]
    const names: string[] = []
    for (const [count, at] of [
      [1, 0],
      [16, 0],
      [2, 40],
    ] as const) {
      const fds = Array.from({ length: count }, (_, index) => fileWith(`${count}.${index}`))
      for (const index of fds.keys()) names.push(`${count}.${index}`)
      const call = takeThese(b, count)
      // A send of no byte does nothing.
      await a.socket.send(call.subarray(0, at))
      await a.socket.send(call.subarray(at), { descriptors: fds })
      for (const fd of fds) closeSync(fd)
      await b.waitFor(/TakeThese[^]*/, { consume: true })
    }
    expect(b.files).toEqual(names)
  })

  test('the 17th descriptor of a message ends the sender without a word, and nobody else', async () => {
    const { path } = await startBus()
    const [a, b, c] = [await joinBus(path), await joinBus(path), await joinBus(path)]
    await a.socket.send(takeThese(b, 17), { descriptors: Array.from({ length: 17 }, () => 0) })
    await expect(a.waitFor(/never/)).rejects.toThrow('the bus has ended')
    const fd = fileWith('of the third')
    await c.socket.send(takeThese(b, 1), { descriptors: [fd] })
    closeSync(fd)
    await b.waitFor(/TakeThese/)
    expect(b.files).toEqual(['of the third'])
  })

  test('the bus asks the kernel who connects, answers what was asked before a half close, and removes its file', async () => {
    const { path, daemon } = await startBus()
    const stranger = await converse(path)
    stranger.connection.write(
      `\0AUTH EXTERNAL ${Buffer.from(String(process.getuid!() + 1)).toString('hex')}\r\n`,
    )
    expect(await stranger.said.line()).toBe('REJECTED EXTERNAL')
    const ended = await converse(path)
    const uid = Buffer.from(String(process.getuid!())).toString('hex')
    ended.connection.end(`\0AUTH EXTERNAL ${uid}\r\n`)
    expect(String(await ended.said.rest())).toMatch(/^OK [0-9a-f]{32}\r\n$/)
    await daemon.kill('SIGTERM')
    expect(existsSync(path)).toBe(false)
  })

  test('a receiver that has not negotiated descriptors gets none, and the sender an error', async () => {
    const { path } = await startBus()
    const [a, b] = [await joinBus(path), await joinBus(path, { negotiate: false })]
    await a.socket.send(takeThese(b, 1), { descriptors: [0] })
    await a.waitFor(/org\.freedesktop\.DBus\.Error\.NotSupported/)
    expect(b.files).toEqual([])
  })
})

/** The next object that answers: events come between them. */
const qmpAnswer = async (said: Conversation): Promise<unknown> =>
  JSON.parse(await said.lineThat(/"return"|"error"/))

/** One end of a pair goes to QEMU; the other hears its end when QEMU, which then has the last copy, closes it. */
const givenAway = (): { readonly fd: number; readonly other: SocketHandle; gone(): void } => {
  const [mine, other] = sockets.pair()
  onTestFinished(() => other.close())
  return { fd: mine.fd, other, gone: () => mine.close() }
}

const isAtEnd = (handle: SocketHandle): boolean => sockets.tryRecv(handle, Buffer.alloc(1)) === 0

describe.skipIf(!can.descriptors || qemu.missing)('QEMU, by QMP', () => {
  test('getfd and add-fd take the newest descriptor, whichever byte brought it', async () => {
    const path = join(tempDir(), 'q')
    const machine = ['-M', 'none', '-nographic', '-nodefaults', '-monitor', 'none', '-serial', 'none', '-S']
    const program = spawnProgram(qemu.path, [...machine, '-qmp', `unix:${path},server=on,wait=off`])
    const probe = connect({ scheme: 'unix', path }, { retryUntilMs: 10_000 })
    ;(await probe).destroy()
    const { socket, said } = converseAncillary(path)
    expect(JSON.parse(await said.line())).toHaveProperty('QMP.version.qemu.major')
    await socket.send('{"execute":"qmp_capabilities"}')
    expect(await qmpAnswer(said)).toEqual({ return: {} })

    await socket.send('{"execute":"getfd","arguments":{"fdname":"none"}}')
    expect(await qmpAnswer(said)).toMatchObject({
      error: { desc: expect.stringContaining('SCM_RIGHTS') as string },
    })

    const first = givenAway()
    await socket.send('{"execute":"getfd","arguments":{"fdname":"a"}}', { descriptors: [first.fd] })
    first.gone()
    expect(await qmpAnswer(said)).toEqual({ return: {} })
    expect(isAtEnd(first.other)).toBe(false)
    await socket.send('{"execute":"closefd","arguments":{"fdname":"a"}}')
    expect(await qmpAnswer(said)).toEqual({ return: {} })
    await until(() => isAtEnd(first.other))

    // With another command before it.
    const second = givenAway()
    await socket.send('{"execute":"query-status"}', { descriptors: [second.fd] })
    second.gone()
    expect(await qmpAnswer(said)).toHaveProperty('return.status')
    await socket.send('{"execute":"add-fd","arguments":{"fdset-id":7}}')
    expect(await qmpAnswer(said)).toMatchObject({ return: { 'fdset-id': 7 } })

    // Of two with one message QEMU keeps the first.
    const [kept, lost] = [givenAway(), givenAway()]
    await socket.send('{"execute":"getfd","arguments":{"fdname":"b"}}', { descriptors: [kept.fd, lost.fd] })
    kept.gone()
    lost.gone()
    expect(await qmpAnswer(said)).toEqual({ return: {} })
    await until(() => isAtEnd(lost.other))
    expect(isAtEnd(kept.other)).toBe(false)

    // What was asked before this half ends is answered.
    await socket.send('{"execute":"query-name"}')
    await socket.end()
    expect(await qmpAnswer(said)).toEqual({ return: {} })
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  })
})

describe.skipIf(!can.descriptors || haproxy.missing)('HAProxy', () => {
  test('hands over its 303 listening sockets by _getsocks, and one of them serves here', async () => {
    const directory = tempDir()
    const at = (name: string): string => join(directory, name)
    const binds = Array.from({ length: 302 }, (_, index) => `  bind unix@${at(`s${index}`)}\n`).join('')
    writeFileSync(
      at('conf'),
      `global\n  stats socket ${at('admin')} mode 600 level admin expose-fd listeners\n` +
        `defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n` +
        `frontend f\n${binds}`,
    )
    const program = spawnProgram(haproxy.path, ['-db', '-f', at('conf')])
    const { connection, said: info } = await converse(at('admin'))
    connection.write('show info\n')
    // One command, one answer, and the end.
    expect(String(await info.rest())).toMatch(/^Name: HAProxy$/m)

    const unfinished = await converse(at('admin'))
    unfinished.connection.end('show info')
    expect(await unfinished.said.rest()).toHaveLength(0)

    const { socket, said } = converseAncillary(at('admin'))
    await socket.send('_getsocks\n')
    const total = (await said.take(4)).readInt32LE()
    expect(total).toBe(303)
    // A name of a network namespace, of an interface, and four bytes of options: six bytes without names.
    await said.take(252 * 6)
    expect(said.descriptors).toHaveLength(252)
    // It goes on when four bytes have acknowledged a batch that is full.
    await socket.send(Buffer.alloc(4))
    await said.take((total - 252) * 6)
    expect(await said.rest()).toHaveLength(0)

    const names = said.descriptors.map(({ fd }) => {
      const borrowed = sockets.fromFd(fd, 'unix')
      const name = String(sockets.localAddress(borrowed))
      borrowed.release()
      return name
    })
    expect(new Set(names).size).toBe(303)

    // Whoever has the socket serves its clients: HAProxy is gone, and its file is still there.
    await program.kill('SIGTERM')
    const index = names.findIndex((name) => /\bs17\b/.test(name))
    const listener = await listen(`fd:${said.descriptors[index]!.release()}`)
    listener.on('connection', (client) => client.end('served here'))
    expect(await lineOf(await connect({ scheme: 'unix', path: at('s17') }))).toBe('served here')
    await listener.close()
  })
})
