/** A run of a case: listeners, pairs of connections, bytes, deadlines. */
import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { ConnectOptions, Listener, ListenOptions } from '../transport.ts'
import type { ComplianceCase, Harness } from './case.ts'

/** Milliseconds that one step of a case may take. A step that succeeds takes a few. */
const DEADLINE_MS = 8000

/** Rejects, with the name of the step, after {@link DEADLINE_MS}. */
export const within = async <T>(what: string, promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what}: nothing within ${DEADLINE_MS} ms` })),
      DEADLINE_MS,
    )
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** One run of a case. */
export class Session {
  readonly harness: Harness
  readonly #listeners: Listener[] = []
  readonly #connections: Duplex[] = []

  constructor(harness: Harness) {
    this.harness = harness
  }

  async listen(
    options: ListenOptions = {},
    address: Parameters<Harness['transport']['listen']>[0] = this.harness.address(),
  ): Promise<Listener> {
    const { transport, listenOptions } = this.harness
    const listener = await within('listen', transport.listen(address, { ...listenOptions, ...options }))
    this.#listeners.push(listener)
    return listener
  }

  async connect(
    address: Parameters<Harness['transport']['connect']>[0],
    options: ConnectOptions = {},
  ): Promise<Duplex> {
    const { transport, connectOptions } = this.harness
    const connection = await within('connect', transport.connect(address, { ...connectOptions, ...options }))
    return this.keep(connection)
  }

  /** Destroys the connection when the case ends. */
  keep(connection: Duplex): Duplex {
    connection.on('error', () => {})
    this.#connections.push(connection)
    return connection
  }

  /** The next connection that a listener accepts. */
  async accept(listener: Listener): Promise<Duplex> {
    const iterator = listener[Symbol.asyncIterator]()
    const { value, done } = await within('accept', iterator.next())
    await iterator.return?.()
    assert.ok(done !== true, 'the listener ended before it took a connection')
    return this.keep(value)
  }

  /** Both ends of a new connection, with a listener of its own. */
  async pair(options: { readonly listen?: ListenOptions; readonly connect?: ConnectOptions } = {}): Promise<{
    readonly client: Duplex
    readonly server: Duplex
    readonly listener: Listener
  }> {
    const listener = await this.listen(options.listen)
    const accepted = this.accept(listener)
    const client = await this.connect(listener.address, options.connect)
    return { client, server: await accepted, listener }
  }

  async end(): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    await within('close of the listeners', Promise.all(this.#listeners.map((each) => each.close())))
  }
}

/** Writes all bytes; resolves when the connection has taken them. */
export const write = (connection: Duplex, data: Uint8Array): Promise<void> =>
  within(
    'write',
    new Promise((resolve, reject) => {
      connection.write(data, (error) => (error ? reject(error) : resolve()))
    }),
  )

/** Reads exactly `length` bytes. */
export const readExactly = async (connection: Duplex, length: number): Promise<Buffer> => {
  const parts: Buffer[] = []
  let have = 0
  while (have < length) {
    const part = connection.read() as Buffer | null
    if (part === null) {
      assert.ok(
        !connection.readableEnded && !connection.destroyed,
        `the stream ended after ${have} of ${length} bytes`,
      )
      await within(
        `read of ${length} bytes, ${have} so far`,
        nextEvent(connection, ['readable', 'end', 'close', 'error']),
      )
    } else {
      parts.push(part)
      have += part.length
    }
  }
  const all = Buffer.concat(parts)
  if (have > length) connection.unshift(all.subarray(length))
  return all.subarray(0, length)
}

/** Reads up to the end of the stream. */
export const readToEnd = async (connection: Duplex): Promise<Buffer> => {
  const parts: Buffer[] = []
  connection.on('data', (part: Buffer) => parts.push(part))
  await within('end of the stream', finished(connection, { writable: false }))
  return Buffer.concat(parts)
}

/** The first of several events, whichever it is. */
export const nextEvent = (connection: Duplex, names: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const handlers = names.map((name) => {
      const handler = (): void => {
        for (const [each, other] of handlers) connection.off(each, other)
        resolve(name)
      }
      connection.on(name, handler)
      return [name, handler] as const
    })
  })

export const closed = async (connection: Duplex): Promise<void> => {
  if (connection.closed) return
  await within('close', nextEvent(connection, ['close']))
}

/** Pseudo-random bytes, the same each time, so that a displaced piece shows. */
export const pattern = (length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  let state = 0x2545_f491
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[index] = state >>> 16
  }
  return bytes
}

/** A case whose listeners and connections are closed when it ends, however it ends. */
export const inSession = (
  id: string,
  name: string,
  requires: ComplianceCase['requires'],
  body: (session: Session) => Promise<void>,
): ComplianceCase => ({
  id,
  name,
  requires,
  run: async (harness) => {
    const session = new Session(harness)
    try {
      await body(session)
    } finally {
      await session.end()
    }
  },
})
