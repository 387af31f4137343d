/** RequestOptions: the resource `request-options` of `wasi:http/types`, which are time-outs. */
import type { HttpTimeouts } from '../../http/http-calls.ts'

/** Nanoseconds. */
export interface Timeouts {
  connect?: bigint | undefined
  firstByte?: bigint | undefined
  betweenBytes?: bigint | undefined
}

export class RequestOptions {
  readonly timeouts: Timeouts
  readonly immutable: boolean

  constructor(timeouts: Timeouts = {}, immutable = false) {
    this.timeouts = { ...timeouts }
    this.immutable = immutable
  }
}

/** The most that a timer of Node waits for. */
const MOST_MS = 2 ** 31 - 1

const ms = (ns: bigint | undefined): number | undefined =>
  ns === undefined ? undefined : Math.min(Math.ceil(Number(ns) / 1e6), MOST_MS)

export const timeoutsOf = ({ timeouts }: RequestOptions = new RequestOptions()): HttpTimeouts => ({
  connectMs: ms(timeouts.connect),
  firstByteMs: ms(timeouts.firstByte),
  betweenBytesMs: ms(timeouts.betweenBytes),
})
