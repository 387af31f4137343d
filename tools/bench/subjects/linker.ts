// unixevents, and this package in unixevents mode: the same program for both, and what arrived is counted. Which one
// comes as the variant.
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type * as Events from '@uds/events'
import { job, load, ready, result, roundTrips, textOf } from './subject.ts'

/** What both have. */
interface Linker {
  init(role: 'server' | 'client', channel: string): Promise<boolean>
  receive(event: string, listener: (data: string) => void): unknown
  send(event: string, data: unknown, done?: (error: Error | null, sent: boolean) => void): boolean
}

const { Linker: Ours } = (await load('events')) as typeof Events
const { role, address, work, count, size, variant } = job()
const text = textOf(size)
const theirs = variant === 'unixevents'
const channel = basename(dirname(address))
const open = async (): Promise<Linker> => {
  const options: Events.LinkerOptions = {}
  const linker = theirs
    ? new (createRequire(join(String(process.env['UDS_PEERS']), 'package.json'))(
        'unixevents',
      ) as new () => Linker)()
    : (new Ours(options) as unknown as Linker)
  if (!(await linker.init(role, channel))) throw new Error(`no ${role} of the channel ${channel}`)
  return linker
}

/** The originals lose what comes in larger bursts. */
const BURST = 200
if (role === 'server') {
  const server = await open()
  process.on('exit', () => rmSync(join('/tmp', `${channel}.sock`), { force: true }))
  let seen = 0
  let startedAt = 0
  server.receive('message', () => {
    if (seen++ === 0) startedAt = performance.now()
  })
  server.receive('end', () => result(seen, startedAt, { lost: count - seen }))
  server.receive('ask', (data) => server.send('answer', data))
  ready()
} else {
  const client = await open()
  if (work === 'one-way') {
    ready()
    const burst = (messages: number): Promise<void> =>
      new Promise((resolve) => {
        for (let at = 1; at < messages; at++) client.send('message', text)
        client.send('message', text, () => resolve())
      })
    for (let at = 0; at < count; at += BURST) {
      await burst(Math.min(BURST, count - at))
      await new Promise((resolve) => setImmediate(resolve))
    }
    client.send('end', '')
  } else {
    let resolve: ((value: unknown) => void) | undefined
    client.receive('answer', (data) => resolve?.(data))
    await roundTrips(count, 1, () => {
      client.send('ask', text)
      return new Promise((done) => {
        resolve = done
      })
    })
  }
}
