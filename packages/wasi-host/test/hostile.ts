/** What the hostile guests of the tests have in common: fixed seeds, numbers that break programs, and what may come of a call. */
import { expectNoLeak } from '@uds/testkit'
import { expect } from 'vitest'
import { HttpService } from '../src/http/service.ts'
import { engine } from '../src/module/engine.ts'
import { NodeNetwork } from '../src/network/node/network.ts'
import { Resolver } from '../src/network/resolver.ts'
import { Exit } from '../src/outcome/failure.ts'
import { Permissions } from '../src/policy/permissions.ts'
import { Quota } from '../src/policy/quota.ts'
import { GuestSockets } from '../src/sockets/guest-sockets.ts'

export const SEEDS = [1, 2, 3, 4]
/** For each seed; `UDS_HOSTILE=full` makes a million of them in all. */
const CALLS = process.env['UDS_HOSTILE'] === 'full' ? 250_000 : 25_000
export const TIMEOUT_MS = 300_000

export const PAGE = 65_536
/** Sockets that the guest may have. */
const QUOTA = 64
/** Calls between two turns of the loop. */
const TURN = 1000

/** A small generator with a seed: the same calls on every run (Marsaglia's xorshift32). */
export type Pick = (below: number) => number
const generator = (seed: number): Pick => {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Handles are small numbers; the others have broken programs. */
const numbers = [
  0, 1, 2, 3, 4, 5, 8, 10, 16, 19, 64, 128, 255, 1000, 1001, 4096, 65_520, 65_535, 65_536, -1, -2, -16,
  0x7fff_ffff, -0x8000_0000,
]

/** A random argument for each parameter; an i64 is a bigint. */
export const randomArguments = (pick: Pick, parameters: string): (number | bigint)[] =>
  Array.from(parameters, (type) => {
    const kind = pick(4)
    const value = kind === 0 ? numbers[pick(numbers.length)]! : kind === 1 ? pick(PAGE) : pick(24)
    return type === 'I' ? BigInt(value) : value
  })

/** What ends a guest, or is an error of its call. */
const isExpected = (error: unknown): boolean =>
  error instanceof Exit ||
  error instanceof engine.RuntimeError ||
  (typeof error === 'object' && error !== null && 'code' in error)

/** What a hostile guest has to do with. */
export interface Surroundings {
  readonly memory: InstanceType<typeof engine.Memory>
  readonly network: NodeNetwork
  readonly sockets: GuestSockets
  readonly http: HttpService
  readonly pick: Pick
}

/** One call: its name for the report, and how it is made. */
export interface HostileCall {
  readonly name: string
  readonly call: () => unknown
}

/**
 * Makes many calls, and expects that nothing is left of the guest when it is ended.
 *
 * @param start - Returns what makes the next call, and what ends the guest.
 */
export const attack = (
  seed: number,
  allow: readonly string[],
  start: (surroundings: Surroundings) => { readonly next: () => HostileCall; readonly end?: () => void },
): Promise<void> =>
  expectNoLeak(
    async () => {
      const network = new NodeNetwork(new Resolver({ a: ['127.0.0.1'] }), [])
      const permissions = new Permissions({ allow, routes: [] }, () => {})
      const sockets = new GuestSockets(network, permissions, new Quota({ sockets: QUOTA }))
      const http = new HttpService({ network, sockets, permissions })
      const memory = new engine.Memory({ initial: 1 })
      const pick = generator(seed)
      const bytes = new Uint8Array(memory.buffer)
      for (let at = 0; at < PAGE; at += 1) bytes[at] = pick(8) === 0 ? pick(256) : pick(4)
      const { next, end } = start({ memory, network, sockets, http, pick })
      for (let left = CALLS; left > 0; left -= 1) {
        const { name, call } = next()
        try {
          const outcome = call()
          if (outcome instanceof Promise) outcome.catch(() => {})
        } catch (error) {
          // To expect() a million times would take longer than the calls.
          if (!isExpected(error)) throw new Error(name, { cause: error })
        }
        if (sockets.size > QUOTA) throw new Error(`${sockets.size} sockets are open`)
        if (left % TURN === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      end?.()
      http.close()
      sockets.closeAll()
      network.stop(new Error('over'))
      await network.close(0)
      expect(sockets.size).toBe(0)
      expect(memory.buffer.byteLength).toBe(PAGE)
    },
    { times: 1 },
  )
