import { connect } from '@uds/stream'
import { EventServer, LineClient, Linker } from '@uds/events'
import { freshName, tempDir } from '@uds/testkit'
import type { Spawned } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { end, freshAddress, listening, start, expectStops, uds, values } from './command.ts'

interface Chat {
  events: { say: { text: string }; ping: undefined; kept: unknown }
  requests: {
    add(input: { a: number; b: number }): number
    count(upTo: number): AsyncIterable<number>
    fail(): never
  }
}

/** A server of events in this process, and all that clients have sent it. */
const chat = async (): Promise<{ server: EventServer<Chat>; address: string; said: unknown[] }> => {
  const server = await EventServer.listen<Chat>(freshAddress(), { token: 'sesame', joinable: () => true })
  onTestFinished(() => server.close())
  const said: unknown[] = []
  server.on('kept', (data) => void said.push(data))
  server.handle('add', ({ a, b }) => a + b)
  server.handle('count', async function* count(upTo) {
    for (let n = 1; n <= upTo; n++) yield n
  })
  server.handle('fail', () => {
    throw new Error('not today')
  })
  return { server, address: server.address, said }
}

const TOKEN = ['--token', 'sesame']

/** Starts `uds tail`, and resolves when it is connected. */
const tail = async (...args: string[]): Promise<Spawned> => {
  const command = start(['tail', ...args])
  await command.waitForLine(/connected to/)
  return command
}

describe('an event channel', () => {
  test('send gives JSON or text, or standard input, and waits until it was handled', async () => {
    const { address, said } = await chat()
    for (const [data, input] of [['{"a":[1]}'], ['plain words'], ['-', 'from standard input\n']] as const) {
      const settings = input === undefined ? {} : { input }
      const sent = await uds(['send', ...TOKEN, address, 'kept', data], settings)
      expect(sent).toEqual({ code: 0, stdout: 'sent kept\n', stderr: '' })
    }
    expect((await uds(['send', ...TOKEN, address, 'kept'])).code).toBe(0)
    expect(said).toEqual([{ a: [1] }, 'plain words', 'from standard input', undefined])
  })

  test('request prints the answer', async () => {
    const { address } = await chat()
    const answer = await uds(['request', ...TOKEN, address, 'add', '{"a":2,"b":3}'])
    expect(answer).toEqual({ code: 0, stdout: '5\n', stderr: '' })
  })

  test('request --stream prints each value', async () => {
    const { address } = await chat()
    const { code, stdout } = await uds(['request', ...TOKEN, '--stream', '--json', address, 'count', '3'])
    expect(code).toBe(0)
    expect(values(stdout)).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }])
  })

  test('what the server refuses is a failure, in its words', async () => {
    const { address } = await chat()
    const failed = await uds(['request', ...TOKEN, address, 'fail'])
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toMatch(/not today/)
    expect(await uds(['request', '--timeout', '100', address, 'add', '{}'])).toMatchObject({
      code: 1,
      stdout: '',
    })
    const nobody = await uds(['send', '--timeout', '1', freshAddress(), 'kept'])
    expect(nobody.code).toBe(1)
    expect(nobody.stderr).toMatch(/ENOENT|ECONNREFUSED/)
  })

  test('tail prints what the server sends, until it has printed enough', async () => {
    const { server, address } = await chat()
    const all = await tail(...TOKEN, '-n', '2', address)
    const some = await tail(...TOKEN, '-n', '1', '--json', address, 'say')
    server.broadcast('ping')
    server.broadcast('say', { text: 'hello' })
    expect(await end(all)).toMatchObject({ code: 0, stdout: 'ping\nsay {"text":"hello"}\n' })
    const { code, stdout } = await end(some)
    expect(code).toBe(0)
    expect(values(stdout)).toEqual([{ event: 'say', data: { text: 'hello' } }])
  })

  test('tail joins rooms', async () => {
    const { server, address } = await chat()
    const inside = await tail(...TOKEN, '--room', 'news', '-n', '1', address)
    server.to('other').emit('say', { text: 'not for it' })
    server.to('news').emit('say', { text: 'for the room' })
    expect((await end(inside)).stdout).toBe('say {"text":"for the room"}\n')
  })

  test('tail comes back to a server that was away, and to its rooms', async () => {
    const { server, address } = await chat()
    const command = await tail(...TOKEN, '--room', 'news', '-n', '1', address)
    await server.close()
    const again = await EventServer.listen<Chat>(address, { token: 'sesame', joinable: () => true })
    onTestFinished(() => again.close())
    await command.waitForLine(/connected to .* again/)
    while (again.rooms.members(['news']).size === 0) await new Promise((resolve) => setImmediate(resolve))
    again.to('news').emit('say', { text: 'again' })
    expect((await end(command)).stdout).toBe('say {"text":"again"}\n')
  })

  test('tail ends in order when it is stopped', async () => {
    const { address } = await chat()
    await expectStops(await tail(...TOKEN, address))
  })
})

describe('a channel of unixevents', () => {
  test('send reaches a Linker', async () => {
    const [channel, directory] = [freshName(), tempDir()]
    const linker = new Linker('server', channel, { directory })
    onTestFinished(() => linker.close())
    const got = new Promise((resolve) => linker.receive('event-s-a', resolve))
    const sent = await uds([
      'send',
      '--unixevents',
      '--directory',
      directory,
      channel,
      'event-s-a',
      '{"n":1}',
    ])
    expect(sent).toEqual({ code: 0, stdout: 'sent event-s-a\n', stderr: '' })
    expect(await got).toEqual({ n: 1 })
  })

  test('tail prints what a Linker sends', async () => {
    const [channel, directory] = [freshName(), tempDir()]
    const linker = new Linker('server', channel, { directory })
    onTestFinished(() => linker.close())
    const command = await tail('--unixevents', '--directory', directory, '-n', '1', channel, 'event-c-a')
    linker.send('not listened for', 1)
    linker.send('event-c-a', ['Message from server'])
    expect(await end(command)).toMatchObject({ code: 0, stdout: 'event-c-a ["Message from server"]\n' })
  })

  test('without a server, sending fails in time', async () => {
    const args = ['--unixevents', '--directory', tempDir(), '--timeout', '50']
    const { code, stdout, stderr } = await uds(['send', ...args, freshName(), 'event-s-a', 'x'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^uds: /)
  })
})

describe('the line server', () => {
  test('prints lines, acknowledges them and passes them on', async () => {
    const { command, address } = await listening([
      'line',
      freshAddress(),
      '--ack-message',
      String.raw`ok\n`,
      '--broadcast',
    ])
    const other = await LineClient.connect(address)
    onTestFinished(() => other.close())
    const client = await uds(['connect', address], { input: 'first line\nexit\n' })
    expect(client).toMatchObject({ code: 0, stdout: 'ok\n' })
    expect(await other.receive()).toBe('first line')
    await command.waitForLine(/^first line$/)
    await expectStops(command)
  })

  test('with --json, a line is a value', async () => {
    const command = start(['line', '--json', freshAddress()])
    const [, address = ''] = await command.waitForLine(/"listening":"([^"]+)"/)
    const connection = await connect(address)
    onTestFinished(() => void connection.destroy())
    connection.write('a "quoted" line\n')
    const [line] = await command.waitForLine(/^\{"line".*$/)
    expect(JSON.parse(line)).toEqual({ line: 'a "quoted" line' })
    await expectStops(command)
  })
})
