import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { needs, socketPath, spawnProgram, tempDir, until } from '@uds/testkit'
import { describe, expect, test, vi } from 'vitest'
import { LineClient } from '@uds/events'
import { namedPipes } from '../src/unixevents/channel/platform.ts'
import { between } from './fixtures/cuttable-proxy.ts'
import { join as joinServer, serve } from './fixtures/ends.ts'

vi.setConfig({ testTimeout: 60_000 })

const python = needs('python3')
const folder = join(import.meta.dirname, '../../events-python')
const env = { PYTHONPATH: join(folder, 'src'), PYTHONDONTWRITEBYTECODE: '1' }
const end = join(import.meta.dirname, 'fixtures/python_end.py')

/** Starts one end in Python. */
const start = (...args: readonly string[]): ReturnType<typeof spawnProgram> =>
  spawnProgram(python.path, [end, ...args], { env })

const numbersIn = (log: string): number[] => readFileSync(log, 'utf8').split('\n').filter(Boolean).map(Number)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

describe.skipIf(python.missing || namedPipes)('uds_events for Python', () => {
  test('passes its own tests: every vector, the blocking face, unixevents, lines', async () => {
    const program = spawnProgram(python.path, ['-m', 'unittest', 'discover', '-s', join(folder, 'test')], {
      env,
    })
    await program.exit
    expect(program.stderr()).toMatch(/\nOK\n/)
  })

  test('its client and a server here: requests, streams both ways, what each asks the other', async () => {
    const server = await serve(`unix:${socketPath()}`)
    server.on('tell', (data) => server.broadcast('told', data))
    server.handle('echo', (input) => input)
    server.handle('count', function* (count) {
      yield* upTo(count as number)
    })
    server.handle('sum', async (input) => {
      let sum = 0
      for await (const each of input as AsyncIterable<number>) sum += each
      return sum
    })
    server.handle('ask', (name, { peer }) => peer.request(name as string, 'from node'))
    const program = start('calls', server.address)
    const [line] = await program.waitForLine(/^\[.*/)
    expect(JSON.parse(line)).toEqual([
      'grüße 漢字',
      { a: [1, null] },
      [0, 255],
      500,
      6,
      ['python', 'from node'],
      'ERR_NO_HANDLER',
    ])
  })

  test('its server and a client here: the same', async () => {
    const address = `unix:${socketPath()}`
    await start('server', address, join(tempDir(), 'log')).waitForLine(/^listening/)
    const client = await joinServer(address)
    client.handle('who', (input) => ['node', input])
    expect(await client.request('echo', { text: 'grüße 漢字', none: null })).toEqual({
      text: 'grüße 漢字',
      none: null,
    })
    expect(await client.request('echo', Buffer.of(0, 255))).toEqual(Buffer.of(0, 255))
    const items: unknown[] = []
    for await (const item of client.stream('count', 500)) items.push(item)
    expect(items).toEqual(upTo(500))
    expect(await client.request('sum', ReadableStream.from([1, 2, 3]))).toBe(6)
    expect(await client.request('ask', 'who')).toEqual(['node', 'from python'])
    for await (const item of client.stream('count', 1_000_000)) if (item === 100) break
    await expect(client.request('nothing')).rejects.toMatchObject({ code: 'ERR_NO_HANDLER' })
  })

  test('its client through cuts: each number arrives once, in order', async () => {
    const [front, back] = [socketPath(), socketPath()]
    const server = await serve(`unix:${back}`)
    const got: unknown[] = []
    server.on('number', (number) => void got.push(number))
    const proxy = await between({ path: front } as never, { path: back } as never)
    const program = start('client', `unix:${front}`, '0', '3000')
    for (const size of [200, 1000, 2000]) {
      await until(() => got.length > size)
      proxy.cut()
    }
    await program.waitForLine(/^done/)
    expect(got).toEqual(upTo(3000))
  })

  test('its server through cuts: each number is handled once, in order', async () => {
    const [front, back] = [socketPath(), socketPath()]
    const log = join(tempDir(), 'log')
    await start('server', `unix:${back}`, log).waitForLine(/^listening/)
    const proxy = await between({ path: front } as never, { path: back } as never)
    const client = await joinServer(`unix:${front}`, { reconnect: { initialMs: 1, maxMs: 10 } })
    let acknowledged = 0
    const sent = upTo(3000).map(async (number) => {
      await client.send('number', number)
      acknowledged++
    })
    for (const count of [100, 1000, 2000]) {
      await until(() => acknowledged > count)
      proxy.cut()
    }
    await Promise.all(sent)
    expect(numbersIn(log)).toEqual(upTo(3000))
  })

  test('a client that is killed: what it heard acknowledged was handled, nothing twice', async () => {
    const server = await serve(`unix:${socketPath()}`)
    const got: unknown[] = []
    server.on('number', (number) => void got.push(number))
    const program = start('client', server.address, '0', '100000')
    await until(() => got.length > 2000)
    await program.kill('SIGKILL')
    const acked = [...program.stdout().matchAll(/^acked (\d+)$/gm)].map(([, number]) => Number(number))
    expect(acked.length).toBeGreaterThan(0)
    await until(() => server.peers.length === 0)
    expect(got).toEqual(upTo(got.length))
    expect(acked.filter((number) => number >= got.length)).toEqual([])
  })

  test('a server that is killed and started again: nothing acknowledged is lost, each life handles in order', async () => {
    const address = `unix:${socketPath()}`
    const log = join(tempDir(), 'log')
    const first = start('server', address, log)
    await first.waitForLine(/^listening/)
    const client = await joinServer(address, { reconnect: { initialMs: 5, maxMs: 20 } })
    const acknowledged: number[] = []
    const sent = upTo(2000).map(async (number) => {
      if (number > 1000) await until(() => acknowledged.length > 500)
      await client.send('number', number)
      acknowledged.push(number)
    })
    await until(() => acknowledged.length > 500)
    await first.kill('SIGKILL')
    await start('server', address, log).waitForLine(/^listening/)
    await Promise.all(sent)
    // The last of the first life may be handled twice: nobody knows that it was.
    expect([...new Set(numbersIn(log))].sort((a, b) => a - b)).toEqual(upTo(2000))
  })

  test('its lines and a client here', async () => {
    const path = socketPath()
    const code = `from uds_events.lines import LineServer\nLineServer(${JSON.stringify(path)}, with_ack=True, handler=lambda line: print("heard", line, flush=True)).start().run()`
    const program = spawnProgram(python.path, ['-c', code], { env })
    const client = await LineClient.connect({ path, retryUntilMs: 10_000 })
    expect(await client.sendAndWait('grüße')).toBe('__ACK__\n')
    await program.waitForLine(/^heard grüße/)
    await client.exit()
  })
})
