/** `wasi:random` of 0.3. */
import { randomFillSync } from 'node:crypto'
import { func, type WitFunctions } from '../async/wit-function.ts'
import { tuple } from '../canonical/compound.ts'
import { bytes } from '../canonical/lists.ts'
import { u64 } from '../canonical/scalars.ts'

/** The guest asks for a length that the host may shorten. */
const MOST_BYTES = 1_048_576n

const someBytes = (_host: unknown, length: bigint): Uint8Array =>
  randomFillSync(new Uint8Array(Number(length < MOST_BYTES ? length : MOST_BYTES)))
const number = (): bigint => randomFillSync(new BigUint64Array(1))[0]!

export const random: WitFunctions = {
  'get-random-bytes': func([u64], bytes, someBytes),
  'get-random-u64': func([], u64, number),
}
export const insecure: WitFunctions = {
  'get-insecure-random-bytes': func([u64], bytes, someBytes),
  'get-insecure-random-u64': func([], u64, number),
}

const seeds = new WeakMap<object, readonly [bigint, bigint]>()

/** It stays the same for one component. */
const seedOf = (host: object): readonly [bigint, bigint] => {
  const seed = seeds.get(host) ?? ([number(), number()] as const)
  seeds.set(host, seed)
  return seed
}

export const insecureSeed: WitFunctions = {
  'get-insecure-seed': func([], tuple(u64, u64), seedOf),
}
