/** Conversation: reading from a program until it has said what a test waits for. */
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { connect } from '@uds/stream'
import { connectAncillary, type AncillarySocket } from '@uds/stream/handles'
import type { Descriptor } from '@uds/winsock-ffi'

interface Part {
  readonly data: Buffer
  readonly descriptors?: readonly Descriptor[]
}

/** What a program has sent, taken piece by piece, and the descriptors that came with it. */
export class Conversation {
  /** All that have come, in order; they are closed when the test ends. */
  readonly descriptors: Descriptor[] = []
  readonly #parts: AsyncIterator<Part | Buffer>
  #bytes = Buffer.alloc(0)
  #ended = false

  constructor(parts: AsyncIterator<Part | Buffer>) {
    this.#parts = parts
  }

  async #more(): Promise<void> {
    if (this.#ended) throw new Error(`the program has ended after ${JSON.stringify(String(this.#bytes))}`)
    const { value, done } = await this.#parts.next()
    if (done) {
      this.#ended = true
      return
    }
    const { data, descriptors = [] } = Buffer.isBuffer(value) ? { data: value } : value
    this.#bytes = Buffer.concat([this.#bytes, data])
    this.descriptors.push(...descriptors)
    for (const each of descriptors) onTestFinished(() => each.close())
  }

  /** The next bytes, exactly as many. */
  async take(length: number): Promise<Buffer> {
    while (this.#bytes.length < length) await this.#more()
    const taken = this.#bytes.subarray(0, length)
    this.#bytes = this.#bytes.subarray(length)
    return taken
  }

  /** The next line, without its end. */
  async line(): Promise<string> {
    while (!this.#bytes.includes('\n')) await this.#more()
    const line = await this.take(this.#bytes.indexOf('\n') + 1)
    return String(line).replace(/\r?\n$/, '')
  }

  /** The next line that matches; those before it are dropped. */
  async lineThat(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = await this.line()
      if (pattern.test(line)) return line
    }
  }

  /** All bytes up to the end. */
  async rest(): Promise<Buffer> {
    while (!this.#ended) await this.#more()
    return await this.take(this.#bytes.length)
  }
}

/** A connection to a server, which may still be about to listen. */
export const converse = async (
  path: string,
): Promise<{ readonly connection: Duplex; readonly said: Conversation }> => {
  const connection = await connect({ scheme: 'unix', path }, { retryUntilMs: 10_000, allowHalfOpen: true })
  onTestFinished(() => void connection.destroy())
  return { connection, said: new Conversation(connection.iterator({ destroyOnReturn: false })) }
}

/** The same, for descriptors; the server listens already. */
export const converseAncillary = (
  path: string,
): { readonly socket: AncillarySocket; readonly said: Conversation } => {
  const socket = connectAncillary(path)
  onTestFinished(() => socket.close())
  return { socket, said: new Conversation(socket[Symbol.asyncIterator]()) }
}
