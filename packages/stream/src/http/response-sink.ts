/** toSink: one interface over the two forms of handler that versions of undici have. */
import type { Duplex } from 'node:stream'

/** Control of a request by the reader of its response. */
export interface Flow {
  abort(reason?: Error): void
  pause(): void
  resume(): void
}

export interface ResponseSink {
  start(): void
  head(status: number, rawHeaders: Buffer[], statusText: string): void
  data(chunk: Buffer): void
  end(rawTrailers: Buffer[]): void
  fail(error: Error): void
  upgrade(status: number, rawHeaders: Buffer[], socket: Duplex): void
}

/** undici up to 7 (docs/docs/api/Dispatcher.md of its version 6). */
export interface OldHandler {
  onConnect(abort: (reason?: Error) => void): void
  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean | void
  onData(chunk: Buffer): boolean | void
  onComplete(rawTrailers: Buffer[]): void
  onError(error: Error): void
  onUpgrade?(status: number, rawHeaders: Buffer[], socket: Duplex): void
}

type Headers = Record<string, string | string[]>

/** The first argument of every call of the newer form of handler. */
export interface Controller extends Flow {
  readonly aborted: boolean
  readonly paused: boolean
  readonly reason: Error | null
  rawHeaders: Buffer[]
  rawTrailers: Buffer[]
}

/** undici from 7 on (docs/docs/api/Dispatcher.md of its version 7). */
export interface NewHandler {
  onRequestStart(controller: Controller, context: object): void
  onResponseStart?(controller: Controller, status: number, headers: Headers, statusText: string): void
  onResponseData?(controller: Controller, chunk: Buffer): void
  onResponseEnd?(controller: Controller, trailers: Headers): void
  onResponseError?(controller: Controller, error: Error): void
  onRequestUpgrade?(controller: Controller, status: number, headers: Headers, socket: Duplex): void
}

export type Handler = OldHandler | NewHandler

const byName = (raw: readonly Buffer[]): Headers => {
  const headers: Headers = Object.create(null) as Headers
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]!.toString('latin1').toLowerCase()
    const value = raw[index + 1]!.toString('latin1')
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  return headers
}

const oldSink = (handler: OldHandler, flow: Flow): ResponseSink => {
  /** False asks to wait until `resume` is called. */
  const heed = (goOn: boolean | void): void => {
    if (goOn === false) flow.pause()
  }
  return {
    start: () => handler.onConnect((reason) => flow.abort(reason)),
    head: (status, raw, text) => heed(handler.onHeaders(status, raw, () => flow.resume(), text)),
    data: (chunk) => heed(handler.onData(chunk)),
    end: (raw) => handler.onComplete(raw),
    fail: (error) => handler.onError(error),
    upgrade: (status, raw, socket) => handler.onUpgrade?.(status, raw, socket),
  }
}

const newSink = (handler: NewHandler, flow: Flow): ResponseSink => {
  let aborted = false
  let paused = false
  let reason: Error | null = null
  const controller: Controller = {
    get aborted() {
      return aborted
    },
    get paused() {
      return paused
    },
    get reason() {
      return reason
    },
    rawHeaders: [],
    rawTrailers: [],
    abort: (why) => {
      aborted = true
      reason = why ?? null
      flow.abort(why)
    },
    pause: () => {
      paused = true
      flow.pause()
    },
    resume: () => {
      paused = false
      flow.resume()
    },
  }
  return {
    start: () => handler.onRequestStart(controller, {}),
    head: (status, raw, text) => {
      controller.rawHeaders = raw
      handler.onResponseStart?.(controller, status, byName(raw), text)
    },
    data: (chunk) => handler.onResponseData?.(controller, chunk),
    end: (raw) => {
      controller.rawTrailers = raw
      handler.onResponseEnd?.(controller, byName(raw))
    },
    fail: (error) => handler.onResponseError?.(controller, error),
    upgrade: (status, raw, socket) => {
      controller.rawHeaders = raw
      handler.onRequestUpgrade?.(controller, status, byName(raw), socket)
    },
  }
}

/** Whichever form the handler has. */
export const toSink = (handler: Handler, flow: Flow): ResponseSink =>
  'onRequestStart' in handler && typeof handler.onRequestStart === 'function'
    ? newSink(handler, flow)
    : oldSink(handler as OldHandler, flow)
