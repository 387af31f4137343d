import { codeOfCall, until } from '@uds/testkit'
import { expect, test } from 'vitest'
import { EventServer } from '@uds/events'
import { join, serve, usual } from './fixtures/ends.ts'

const listener = (): void => {}

test('a pattern hears what it matches, by segments, and a name is heard beside it', async () => {
  const server = await serve()
  const got: string[] = []
  const hear = (pattern: string) => (data: unknown, _peer: unknown, delivery: { name: string }) =>
    void got.push(`${pattern}: ${delivery.name} ${String(data)}`)
  for (const pattern of ['*', 'sensor.*', 'sensor.**', '*.state', 'sensor.*.state'])
    server.on(pattern, hear(pattern))
  server.on('sensor.a', hear('by name'))
  const client = await join(server.address)
  client.emit('plain', 1)
  client.emit('sensor.a', 2)
  client.emit('sensor.b.state', 3)
  await client.send('door.state', 4)
  await client.send('sensor', 5)
  expect(got).toEqual([
    '*: plain 1',
    'by name: sensor.a 2',
    '*: sensor.a 2',
    'sensor.*: sensor.a 2',
    'sensor.**: sensor.a 2',
    '*: sensor.b.state 3',
    'sensor.**: sensor.b.state 3',
    'sensor.*.state: sensor.b.state 3',
    '*: door.state 4',
    '*.state: door.state 4',
    '*: sensor 5',
  ])
})

test('a pattern counts as a listener of a send, and not when it was taken out', async () => {
  const server = await serve()
  server.on('a.*', listener)
  const others: string[] = []
  const client = await join(server.address)
  await client.send('a.b', 1)
  await expect(client.send('a.b.c', 1)).rejects.toMatchObject({ code: 'ERR_NO_HANDLER' })
  server.onOthers((name) => others.push(name))
  await client.send('a.b', 1)
  server.off('a.*', listener)
  await client.send('a.b', 1)
  expect(others).toEqual(['a.b'])
  server.once('**'.slice(1), () => others.push('once'))
  await client.send('x', 1)
  await client.send('x', 1)
  expect(others).toEqual(['a.b', 'once', 'x'])
})

test('events() takes a pattern, at a client too', async () => {
  const server = await serve()
  const client = await join(server.address)
  const names: string[] = []
  void (async () => {
    for await (const { name } of client.events('log.*')) names.push(name)
  })()
  server.broadcast('log.a')
  server.broadcast('other')
  server.broadcast('log.b')
  await until(() => names.length === 2)
  expect(names).toEqual(['log.a', 'log.b'])
})

test('what cannot be a pattern, or an event, is refused in words', async () => {
  const server = EventServer.detached()
  for (const pattern of ['sensor*', 'a.**.b', '**', 'a.b*'])
    expect(codeOfCall(() => server.on(pattern, () => {}))).toBe('ERR_INVALID_ARG_VALUE')
  expect(() => server.on('sensor*', () => {})).toThrow('* stands for a whole segment')
  expect(() => server.broadcast('sensor.*', 1)).toThrow('on() takes that for a pattern')
  const listening = await serve(usual())
  const client = await join(listening.address)
  expect(codeOfCall(() => client.emit('*', 1))).toBe('ERR_INVALID_ARG_VALUE')
})
