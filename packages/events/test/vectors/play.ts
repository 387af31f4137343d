/** Plays the sessions of protocol/vectors.json: to a server, and to a client. */
import assert from 'node:assert/strict'
import { onTestFinished } from 'vitest'
import { connect, listen, type Listener } from '@uds/stream'
import { codeOf, freshName, until } from '@uds/testkit'
import { DeferError, EventClient, EventServer } from '@uds/events'
import { Flag, LENGTH_BYTES } from '../../src/wire/frame.ts'
import { preamble } from '../../src/wire/handshake-messages.ts'
import { VectorWire } from '../fixtures/vector-wire.ts'
import { read } from './frames.ts'
import type { Action, SessionVector, Step } from './shape.ts'

/** The two ends of a session that a test has. */
type Heard = (readonly [name: string, data: unknown])[]

/** The program of the server that vectors.json describes. */
export const serverOf = async (address: string, heard: Heard): Promise<EventServer> => {
  const server = await EventServer.listen(address, { keepAliveMs: Infinity })
  let later = true
  server.on('error', () => {})
  server.on('say', (data) => void heard.push(['say', data]))
  server.on('bad', (data) => {
    heard.push(['bad', data])
    throw Object.assign(new Error('no good'), { code: 'E_BAD' })
  })
  server.on('later', (data) => {
    heard.push(['later', data])
    later = !later
    if (!later) throw new DeferError({ retryAfterMs: 20 })
  })
  server.handle('echo', (input) => input)
  server.handle('fail', () => Promise.reject(Object.assign(new Error('failed'), { code: 'E_FAIL' })))
  server.handle('never', () => new Promise(() => {}))
  server.handle('count', function* (upTo) {
    for (let at = 1; at <= (upTo as number); at++) yield at
  })
  server.handle('sum', async (input) => {
    let sum = 0
    for await (const each of input as AsyncIterable<number>) sum += each
    return sum
  })
  onTestFinished(() => server.close({ graceMs: 0 }))
  return server
}

/** Takes the connections of a client, one after the other. */
export const accepting = async (address: string): Promise<{ next: () => Promise<VectorWire> }> => {
  const listener: Listener = await listen(address)
  onTestFinished(() => listener.close({ graceMs: 0 }))
  const connections = listener[Symbol.asyncIterator]()
  return {
    next: async () => {
      const { value } = await connections.next()
      return new VectorWire(value as ConstructorParameters<typeof VectorWire>[0])
    },
  }
}

/** A writer may write UTF-8 where latin1 would do. */
const plain = ({ flags }: { readonly flags: number }): number => flags & ~Flag.latin1

/** Compares a frame with the step that expects it. */
const expectFrame = (hex: string | undefined, step: Extract<Step, { from: string }>): void => {
  if (hex === step.hex) return
  const first = step.hex.startsWith(preamble().toString('hex')) ? preamble().length : 0
  const bytes = Buffer.from(hex ?? '', 'hex').subarray(first + LENGTH_BYTES)
  const { text: wanted = '', ...head } = step.frame
  const { text: got = '', ...gotHead } = read(bytes, step.frame)
  assert.deepEqual({ ...gotHead, flags: plain(gotHead) }, { ...head, flags: plain(head) })
  if (step.keys === undefined) {
    assert.equal(got, wanted)
    return
  }
  const pick = (from: string): unknown[] => {
    const values = JSON.parse(from) as Record<string, unknown>
    return (step.keys ?? []).map((key) => [key, values[key] ?? 0])
  }
  assert.deepEqual(pick(got), pick(wanted))
}

/** Plays a session to the server; returns the events that it heard. */
export const playedToServer = async ({ steps, heard }: SessionVector): Promise<Heard> => {
  const address = `memory:${freshName()}`
  const got: Heard = []
  let server = await serverOf(address, got)
  let wire: VectorWire | undefined
  let sent: Promise<unknown> | undefined
  for (const step of steps) {
    if ('cut' in step) {
      wire?.close()
      await until(() => server.peers.length === 0)
      wire = undefined
    } else if ('second' in step) wire = undefined
    else if ('server' in step) {
      if ('send' in step.server) sent = server.peers[0]?.send(...step.server.send)
      else if ('restart' in step.server) {
        await server.close({ graceMs: 0 })
        server = await serverOf(address, got)
      } else await sent
    } else if ('from' in step && step.from === 'client') {
      wire ??= new VectorWire(await connect(address))
      if (step.lost !== true) wire.write(step.hex)
    } else if ('from' in step) expectFrame(await wire?.next(), step)
  }
  await until(() => got.length >= heard.server.length)
  return got
}

/** What the program of a client calls, of whichever client. */
export interface AnyClient {
  on(name: string, listener: (data: unknown) => unknown): unknown
  emit(name: string, data: unknown): boolean
  send(name: string, data: unknown): Promise<void>
  request(name: string, input: unknown, options: { signal?: AbortSignal }): Promise<unknown>
  stream(name: string, input: unknown, options: { window: number }): AsyncIterable<unknown>
  close(options: { graceMs: number }): Promise<void>
}

/** Connects a client of this package. */
export const nodeClient = (address: string): Promise<AnyClient> =>
  EventClient.connect(address, {
    maxFrame: 65_536,
    keepAliveMs: Infinity,
    reconnect: { initialMs: 1, maxMs: 1 },
  })

/** Does what the program of a client does in a session. */
class Program {
  readonly heard: Heard = []
  #client: AnyClient | undefined
  #last: Promise<unknown> = Promise.resolve()
  #abort = new AbortController()
  #items: AsyncIterator<unknown> | undefined
  #next: Promise<IteratorResult<unknown>> | undefined
  #taken: unknown[] | undefined

  has(client: AnyClient): void {
    this.#client = client
    client.on('error', () => {})
    client.on('note', (data) => void this.heard.push(['note', data]))
  }

  async act(action: Action): Promise<void> {
    const client = this.#client as AnyClient
    if ('emit' in action) client.emit(...action.emit)
    else if ('send' in action) this.#waits(client.send(...action.send))
    else if ('request' in action) {
      this.#abort = new AbortController()
      this.#waits(client.request(action.request[0], action.request[1], { signal: this.#abort.signal }))
    } else if ('requestWithItems' in action) {
      const [name, items] = action.requestWithItems
      this.#waits(client.request(name, ReadableStream.from(items), {}))
    } else if ('abort' in action) this.#abort.abort()
    else if ('stream' in action) {
      this.#items = client.stream(...action.stream, { window: action.window })[Symbol.asyncIterator]()
      this.#taken = []
      this.#next = this.#items.next()
      this.#next.catch(() => {})
    } else if ('next' in action) {
      await this.#take()
      this.#next = this.#items?.next()
    } else if ('leave' in action) {
      await this.#take()
      await this.#items?.return?.()
    } else if ('failed' in action) assert.equal(await codeOf(this.#failure()), action.failed)
    else if ('answer' in action) assert.deepEqual(this.#taken ?? (await this.#last), action.answer)
    else await this.#last
    if ('answer' in action) this.#taken = undefined
  }

  #waits(last: Promise<unknown>): void {
    last.catch(() => {})
    this.#last = last
  }

  async #take(): Promise<void> {
    const result = await this.#next
    if (result?.done !== true) this.#taken?.push(result?.value)
  }

  async #failure(): Promise<unknown> {
    if (this.#taken === undefined) return this.#last
    await this.#next
    for (;;) if ((await this.#items?.next())?.done === true) return undefined
  }
}

/** Plays a session to the client; returns the events that it heard. */
export const playedToClient = async (
  { steps }: SessionVector,
  connectTo: (address: string) => Promise<AnyClient> = nodeClient,
): Promise<Heard> => {
  const address = `memory:${freshName()}`
  const server = await accepting(address)
  const program = new Program()
  const connecting = connectTo(address)
  let joinedOnce = false
  let wire: VectorWire | undefined
  for (const step of steps) {
    if ('cut' in step) {
      wire?.close()
      wire = undefined
    } else if ('client' in step) await program.act(step.client)
    else if ('from' in step && step.from === 'client') {
      wire ??= await server.next()
      expectFrame(await wire.next(), step)
    } else if ('from' in step) {
      if (step.lost !== true) wire?.write(step.hex)
      if (!joinedOnce) program.has(await connecting)
      joinedOnce = true
    }
  }
  await connecting.then((client) => client.close({ graceMs: 0 }))
  return program.heard
}
