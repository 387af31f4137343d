/** `wasi:clocks` and `wasi:random` of 0.2. */
import { randomFillSync } from 'node:crypto'
import { bytes } from './canonical/lists.ts'
import type { ComponentHost, ComponentRow, ComponentRows } from './host.ts'
import { Pollable } from './pollable.ts'
import { trap } from './trap.ts'
import { monotonicNow, realtimeNow } from '../wasi/clocks.ts'

const now = monotonicNow

const NS_PER_SECOND = 1_000_000_000n

const clock = ({ handles }: ComponentHost, due: bigint): number =>
  handles.add(new Pollable(() => (now() >= due ? { kind: 'ready' } : { kind: 'clock', due })))

const unsigned = (value: number): bigint => BigInt.asUintN(64, BigInt(value))

export const monotonicRows: ComponentRows = {
  now: { parameters: '', result: 'I', call: now },
  resolution: { parameters: '', result: 'I', call: () => 1n },
  'subscribe-instant': { parameters: 'I', result: 'i', call: (host, when) => clock(host, unsigned(when)) },
  'subscribe-duration': {
    parameters: 'I',
    result: 'i',
    call: (host, duration) => clock(host, now() + unsigned(duration)),
  },
}

/** `datetime { seconds u64 @0, nanoseconds u32 @8 }` */
const datetime = ({ guest: { memory } }: ComponentHost, at: number, seconds: number, ns: number): void => {
  memory.check(at, 16)
  memory.setU64(at, BigInt(seconds))
  memory.setU32(at + 8, ns)
}

export const wallRows: ComponentRows = {
  now: {
    parameters: 'i',
    call: (host, at) => {
      const ns = realtimeNow()
      datetime(host, at, Number(ns / NS_PER_SECOND), Number(ns % NS_PER_SECOND))
    },
  },
  resolution: { parameters: 'i', call: (host, at) => datetime(host, at, 0, 1000) },
}

/** A list that a component asks for; more would only fill its memory. */
const MOST_BYTES = 64 * 1024 * 1024

const bytesRow: ComponentRow = {
  parameters: 'Ii',
  call: (host, length, at) => {
    const count = unsigned(length)
    if (count > BigInt(MOST_BYTES)) return trap(`${count} random bytes: ${MOST_BYTES} at most`)
    return bytes.store(host, at, randomFillSync(new Uint8Array(Number(count))))
  },
}

const number = (): bigint => randomFillSync(new BigUint64Array(1))[0]!
const numberRow: ComponentRow = { parameters: '', result: 'I', call: () => BigInt.asIntN(64, number()) }

export const randomRows: ComponentRows = { 'get-random-bytes': bytesRow, 'get-random-u64': numberRow }
export const insecureRows: ComponentRows = {
  'get-insecure-random-bytes': bytesRow,
  'get-insecure-random-u64': numberRow,
}
export const insecureSeedRows: ComponentRows = {
  'insecure-seed': {
    parameters: 'i',
    call: ({ guest: { memory } }, at) => {
      memory.check(at, 16)
      memory.setU64(at, number())
      memory.setU64(at + 8, number())
    },
  },
}
