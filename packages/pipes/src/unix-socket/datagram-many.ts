/** Sending and receiving several datagrams in one system call, and one by one where the system has no such call. */
import { invalidArgument } from '@uds/winsock-ffi'
import { integer } from '@uds/winsock-ffi/internal'
import { remaining } from '../options/remaining.ts'
import { callTimeout, type WaitOptions } from '../options/arguments.ts'
import { withSent } from '../errors/errors.ts'
import { READ, RESET, WRITE } from '../threads/cells.ts'
import type { SharedState } from '../threads/state.ts'
import { DatagramBatch } from './datagram-batch.ts'
import { datagramCall, receiveFrom, sending } from './datagram-io.ts'
import { socketSystem as system } from './system/select.ts'

export interface SendManyOptions extends WaitOptions {
  /**
   * The first datagram of the batch to send: what an earlier call returned, to go on behind it.
   *
   * @default 0
   */
  readonly from?: number | undefined
}

const SEND_OPTIONS: readonly string[] = ['timeoutMs', 'from']

const checkBatch = (batch: DatagramBatch, where: string): void => {
  if (batch instanceof DatagramBatch) return
  throw invalidArgument(where, 'the batch', 'a DatagramBatch', batch)
}

/** Sends as many as the system takes in one call, at least one. */
const sendSome = (
  state: SharedState,
  batch: DatagramBatch,
  from: number,
  timeoutMs: number | undefined,
): number => {
  const { many } = system
  if (many === undefined) {
    const data = batch.at(from)
    datagramCall(state, WRITE, 'send', timeoutMs, sending(data))
    return 1
  }
  const headers = batch.headers(from)
  return datagramCall(state, WRITE, 'sendmmsg', timeoutMs, (fd, waits) =>
    many.send(fd, headers, batch.length - from, waits),
  )
}

export const sendMany = (
  state: SharedState,
  batch: DatagramBatch,
  options: SendManyOptions | undefined,
): number => {
  checkBatch(batch, 'sendMany')
  const left = remaining(options, 'sendMany', SEND_OPTIONS)
  const first = integer('sendMany', 'from', options?.from ?? 0, 0, batch.length)
  let next = first
  while (next < batch.length) {
    try {
      next += sendSome(state, batch, next, callTimeout(left(), 'sendMany'))
    } catch (error) {
      // As of a write: what a non-blocking call has sent is its result.
      const { code } = error as { code?: unknown }
      if (next > first && code === 'EAGAIN') return next - first
      throw withSent(error, next - first)
    }
  }
  return next - first
}

const receiveOne = (state: SharedState, batch: DatagramBatch, timeoutMs: number | undefined): number => {
  const { length, truncated } = receiveFrom(state, batch.place(0), 'recvMany', timeoutMs, false)
  batch.note(0, Math.min(length, batch.bytes), truncated)
  return 1
}

/** Those behind the first, which are there already. */
const receiveRest = (state: SharedState, batch: DatagramBatch): number => {
  for (let index = 1; index < batch.capacity; index += 1) {
    try {
      const { length, truncated } = receiveFrom(state, batch.place(index), 'recvMany', 0, false)
      batch.note(index, Math.min(length, batch.bytes), truncated)
    } catch (error) {
      // The datagrams that came before are the result; the next call finds the error.
      if ((error as { code?: unknown }).code === 'ECONNRESET') state.add(RESET)
      return index
    }
  }
  return batch.capacity
}

export const recvMany = (
  state: SharedState,
  batch: DatagramBatch,
  options: WaitOptions | undefined,
): number => {
  checkBatch(batch, 'recvMany')
  const timeoutMs = callTimeout(options, 'recvMany')
  batch.prepareToReceive()
  const { many } = system
  let count: number
  if (many === undefined) {
    receiveOne(state, batch, timeoutMs)
    count = receiveRest(state, batch)
  } else {
    const headers = batch.headers(0)
    count = datagramCall(state, READ, 'recvmmsg', timeoutMs, (fd, waits) =>
      many.receive(fd, headers, batch.capacity, waits),
    )
  }
  batch.received(count)
  return count
}
