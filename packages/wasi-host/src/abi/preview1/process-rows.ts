/** The calls of preview 1 that need no descriptor: arguments, environment, clocks, random bytes, the end. */
import { randomFillSync } from 'node:crypto'
import { Exit, Failure } from '../../outcome/failure.ts'
import { monotonicNow, processorTime, realtimeNow } from '../../wasi/clocks.ts'
import type { Guest, Row } from '../abi.ts'

const encoder = new TextEncoder()

const terminated = (texts: readonly string[]): Uint8Array[] =>
  texts.map((each) => encoder.encode(`${each}\0`))

const argumentsOf = ({ args }: Guest): Uint8Array[] => terminated(args)
const environmentOf = ({ env }: Guest): Uint8Array[] =>
  terminated(Object.entries(env).map(([name, value]) => `${name}=${value}`))

/** `X_sizes_get(*count, *bytes)` */
const sizesRow = (textsOf: (guest: Guest) => Uint8Array[]): Row => ({
  parameters: 'ii',
  subject: 'nothing',
  call: (guest, count, bytes) => {
    const texts = textsOf(guest)
    guest.memory.setU32(count, texts.length)
    guest.memory.setU32(
      bytes,
      texts.reduce((sum, { length }) => sum + length, 0),
    )
  },
})

/** `X_get(**texts, *buffer)` */
const textsRow = (textsOf: (guest: Guest) => Uint8Array[]): Row => ({
  parameters: 'ii',
  subject: 'nothing',
  call: (guest, list, buffer) => {
    let at = buffer >>> 0
    for (const [index, text] of textsOf(guest).entries()) {
      guest.memory.setU32((list >>> 0) + 4 * index, at)
      guest.memory.write(at, text)
      at += text.length
    }
  },
})

interface Clock {
  readonly now: () => bigint
  /** Nanoseconds. */
  readonly resolution: bigint
}

/** `__wasi_clockid_t`. The processor time of a thread is that of the process: not every Node has the other. */
const clocks: readonly Clock[] = [
  { now: realtimeNow, resolution: 1000n },
  { now: monotonicNow, resolution: 1n },
  { now: processorTime, resolution: 1000n },
  { now: processorTime, resolution: 1000n },
]

const clockOf = (id: number): Clock => {
  const clock = clocks[id]
  if (clock) return clock
  throw new Failure('EINVAL', `the clock ${id} is not one of 0 to ${clocks.length - 1}`)
}

/** What getrandom fills at once in Node. */
const MOST_RANDOM = 0x7fff_ffff

export const processRows: Readonly<Record<string, Row>> = {
  args_get: textsRow(argumentsOf),
  args_sizes_get: sizesRow(argumentsOf),
  environ_get: textsRow(environmentOf),
  environ_sizes_get: sizesRow(environmentOf),
  clock_res_get: {
    parameters: 'ii',
    subject: 'nothing',
    call: ({ memory }, id, at) => memory.setU64(at, clockOf(id).resolution),
  },
  clock_time_get: {
    parameters: 'iIi',
    subject: 'nothing',
    call: ({ memory }, id, _precision, at) => memory.setU64(at, clockOf(id).now()),
  },
  random_get: {
    parameters: 'ii',
    subject: 'nothing',
    call: ({ memory }, at, length) => {
      const bytes = memory.bytes(at, length)
      for (let from = 0; from < bytes.length; from += MOST_RANDOM)
        randomFillSync(bytes.subarray(from, from + MOST_RANDOM))
    },
  },
  sched_yield: { parameters: '', subject: 'nothing', call: () => undefined },
  proc_exit: {
    parameters: 'i',
    subject: 'nothing',
    call: (_guest, code) => {
      throw new Exit(code >>> 0)
    },
  },
  proc_raise: {
    parameters: 'i',
    subject: 'nothing',
    call: () => {
      throw new Failure('ENOSYS', 'a guest raises no signals in the process of its host')
    },
  },
}
