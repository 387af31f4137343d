/**
 * Calls from the thread of a guest to the thread that has the sockets. The caller blocks in `Atomics.wait`: a guest
 * cannot go on before it has its answer. Numbers come back in the shared memory itself, bytes too; anything else is
 * serialised into it.
 */
import { deserialize, serialize } from 'node:v8'
import { Failure, failureOf, Stopped, wouldBlock } from '../outcome/failure.ts'

/** Bytes that one call can carry; a longer one is cut, as a system cuts them. */
export const TRANSFER_BYTES: number = 1024 * 1024

/** Room for an answer that is no number. It is apart from the cargo, since a call can have both. */
const ANSWER = 1024 * 1024

const HEADER = 16
const STATE = 0
const VALUE = 1

const WAITING = 0
const NUMBER = 1
const VALUE_INSIDE = 2
const FAILED = 3
const STOPPED = 4

/** A call, as it is posted. */
export interface Request {
  readonly type: 'request'
  readonly op: string
  readonly args: readonly unknown[]
}

export type SharedMemory = SharedArrayBuffer

export const sharedMemory = (): SharedMemory => new SharedArrayBuffer(HEADER + TRANSFER_BYTES + ANSWER)

/** The bytes that go with a call, or come back. */
export const transferArea = (memory: SharedMemory): Uint8Array =>
  new Uint8Array(memory, HEADER, TRANSFER_BYTES)

const answerRoom = (memory: SharedMemory): Uint8Array => new Uint8Array(memory, HEADER + TRANSFER_BYTES)

/** Makes a call and waits for the answer. */
export const callThrough = (
  memory: SharedMemory,
  post: (request: Request) => void,
  op: string,
  args: readonly unknown[],
): unknown => {
  const header = new Int32Array(memory, 0, HEADER / 4)
  Atomics.store(header, STATE, WAITING)
  post({ type: 'request', op, args })
  // In a loop: an answer is stored first and notified then, and a caller that has seen it before it slept may be in its next
  // call when the notification comes. That one would be taken for answered.
  while (Atomics.load(header, STATE) === WAITING) Atomics.wait(header, STATE, WAITING)
  const state = Atomics.load(header, STATE)
  const value = header[VALUE]!
  if (state === NUMBER) return value
  if (state === STOPPED) throw new Stopped(new Error('the guest was stopped'))
  const answer: unknown = deserialize(Buffer.from(answerRoom(memory).slice(0, value)))
  if (state === VALUE_INSIDE) return answer
  const { code, detail } = answer as { code: string; detail: string }
  // It is known by what it is, on this side too.
  throw detail === wouldBlock.detail ? wouldBlock : new Failure(code, detail)
}

/** Stores the answer to a call, and wakes the caller. */
export const answer = (memory: SharedMemory, result: { value: unknown } | { error: unknown }): void => {
  const header = new Int32Array(memory, 0, HEADER / 4)
  const done = (state: number, value: number): void => {
    header[VALUE] = value
    Atomics.store(header, STATE, state)
    Atomics.notify(header, STATE)
  }
  const inside = (state: number, value: unknown): void => {
    const bytes = serialize(value)
    if (bytes.length > ANSWER)
      return inside(FAILED, { code: 'ENOBUFS', detail: 'the answer of the host is too long' })
    answerRoom(memory).set(bytes)
    done(state, bytes.length)
  }
  if ('error' in result) {
    if (result.error instanceof Stopped) return done(STOPPED, 0)
    const { code, detail } = failureOf(result.error)
    return inside(FAILED, { code, detail })
  }
  const { value } = result
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31)
    return done(NUMBER, value)
  if (value === undefined) return done(NUMBER, 0)
  return inside(VALUE_INSIDE, value)
}
