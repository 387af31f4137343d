/** request, requestStream: the arguments of both ends, checked. */
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { quietly } from '../errors/errors.ts'
import type { Requester } from './requester.ts'
import { checkSignal, count, milliseconds } from '../options.ts'
import type { RequestOptions, StreamOptions } from '../map.ts'
import { releaseInput } from './input-source.ts'
import { ReplyStream } from './reply-stream.ts'

const REQUEST_OPTIONS = optionNames<RequestOptions>({ timeoutMs: true, signal: true })
const STREAM_OPTIONS = optionNames<StreamOptions>({ timeoutMs: true, signal: true, window: true })

/** A request without input may have its options in second place: an object that holds nothing but options. */
const looksLikeOptions = (value: unknown, known: readonly string[]): value is StreamOptions => {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every((key) => known.includes(key))
}

/** The arguments behind the name. */
export interface ParsedCall {
  readonly input: unknown
  readonly options: StreamOptions
}

const split = (rest: readonly unknown[], known: readonly string[]): ParsedCall => {
  if (rest.length >= 2) return { input: rest[0], options: rest[1] ?? {} }
  return looksLikeOptions(rest[0], known)
    ? { input: undefined, options: rest[0] }
    : { input: rest[0], options: {} }
}

export const splitRequest = (rest: readonly unknown[]): ParsedCall => split(rest, REQUEST_OPTIONS)
export const splitStream = (rest: readonly unknown[]): ParsedCall => split(rest, STREAM_OPTIONS)

/** Asks the other end; what is wrong with the arguments rejects. */
export const request = (
  requester: Requester,
  name: string,
  rest: readonly unknown[],
  defaultTimeoutMs: number,
): Promise<unknown> => {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  try {
    const { input, options } = splitRequest(rest)
    checkOptions(options, 'request', REQUEST_OPTIONS)
    const { signal }: RequestOptions = options
    const timeoutMs = milliseconds('request', 'timeoutMs', options.timeoutMs, defaultTimeoutMs)
    checkSignal('request', signal)
    signal?.throwIfAborted()
    const fail = (reason: Error): void => {
      void quietly(promise)
      reject(reason)
    }
    const waiting = { value: resolve, end: () => resolve(undefined), fail }
    requester.call('request', waiting, { name, stream: false, timeoutMs, signal }, input, 0)
  } catch (error) {
    releaseInput(rest[0])
    // A mistake of the caller, which is loud also when nothing awaits it.
    reject(error)
  }
  return promise
}

const WINDOW = 64
const MOST_WINDOW = 65_536

/** Asks the other end for a stream; nothing is sent before the first `next`. */
export const requestStream = (
  requester: Requester,
  name: string,
  rest: readonly unknown[],
  defaultTimeoutMs: number,
): ReplyStream<unknown> => {
  const { input, options } = splitStream(rest)
  checkOptions(options, 'stream', STREAM_OPTIONS)
  const { signal } = options
  const timeoutMs = milliseconds('stream', 'timeoutMs', options.timeoutMs, defaultTimeoutMs)
  const window = Math.min(count('stream', 'window', options.window, WINDOW), MOST_WINDOW)
  checkSignal('stream', signal)
  return new ReplyStream(
    {
      start(waiting) {
        try {
          signal?.throwIfAborted()
          return requester.call('stream', waiting, { name, stream: true, timeoutMs, signal }, input, window)
        } catch (error) {
          releaseInput(input)
          waiting.fail(error as Error)
          return 0
        }
      },
      credit: (id, items) => requester.credit(id, items),
      cancel: (id) => requester.giveUp(id, new Error('the reader left')),
      unused: () => releaseInput(input),
    },
    window,
  )
}
