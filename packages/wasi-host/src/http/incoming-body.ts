/** The streams of a message that comes: its body, and what says its trailers at the end. */
import { PassThrough } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { failureOf } from '../outcome/failure.ts'
import type { HeaderList, HttpAnswer } from './http-calls.ts'

/** Pairs of `[name, value, name, value]`, in lower case, without those that are of the connection. */
export const headerList = (raw: readonly string[]): HeaderList => {
  const list: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    if (!HOP_BY_HOP.has(name)) list.push([name, raw[at + 1]!])
  }
  return list
}

/** Headers of one connection, and the one that the authority is: RFC 9110, section 7.6.1. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** A stream that says one thing, then ends. */
export class Said<T> {
  readonly stream: PassThrough = new PassThrough()
  #said = false

  constructor() {
    this.stream.on('error', () => {})
  }

  #say(answer: HttpAnswer<T>): void {
    if (this.#said) return
    this.#said = true
    this.stream.end(JSON.stringify(answer))
  }

  value(value: T): void {
    this.#say({ value })
  }

  error(thrown: unknown): void {
    const { code, detail } = failureOf(thrown)
    this.#say({ error: { code, detail } })
  }
}

/** A body that ended before its end. */
const incomplete = (): Error =>
  Object.assign(new Error('the connection ended within the body'), { code: 'ERR_HTTP_INCOMPLETE' })

/**
 * Lets the body of a message flow into its stream.
 *
 * @param leave - What is done with the rest of a body that the guest does not want.
 */
export const receiveBody = (
  message: IncomingMessage,
  body: PassThrough,
  trailers: Said<HeaderList>,
  { idleMs, leave }: { readonly idleMs: number; readonly leave: () => void },
): void => {
  const timer = setTimeout(() => {
    const error = Object.assign(new Error(`nothing came for ${idleMs} ms`), { code: 'ERR_HTTP_BODY_TIMEOUT' })
    body.destroy(error)
  }, idleMs)
  const settle = (): void => clearTimeout(timer)
  message.on('data', () => timer.refresh())
  message.once('end', () => {
    settle()
    trailers.value(headerList(message.rawTrailers))
  })
  message.on('error', (error) => body.destroy(error))
  message.once('close', () => {
    settle()
    trailers.error(incomplete())
    if (!message.readableEnded && !body.destroyed) body.destroy(incomplete())
  })
  // Nobody wants the rest.
  body.once('close', () => {
    settle()
    if (!message.readableEnded) leave()
    trailers.value([])
  })
  message.pipe(body)
}
