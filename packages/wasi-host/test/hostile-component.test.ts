import { expectNoLeak } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { FdTable } from '../src/abi/fd-table.ts'
import { ComponentHost } from '../src/component/host.ts'
import { interfaces } from '../src/component/link.ts'
import { GuestMemory } from '../src/memory/guest-memory.ts'
import { engine } from '../src/module/engine.ts'
import { NodeNetwork } from '../src/network/node/network.ts'
import { Resolver } from '../src/network/resolver.ts'
import { HttpService } from '../src/http/service.ts'
import { Exit } from '../src/outcome/failure.ts'
import { SyncPromise } from '../src/outcome/sync-promise.ts'
import { Permissions } from '../src/policy/permissions.ts'
import { Quota } from '../src/policy/quota.ts'
import { GuestSockets } from '../src/sockets/guest-sockets.ts'

/** A small generator with a seed: the same calls on every run (Marsaglia's xorshift32). */
const random = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const PAGE = 65_536
const QUOTA = 64
const CALLS = 250_000

/** Handles are small numbers; the others have broken programs. */
const numbers = [0, 64, 255, 4096, 65_520, 65_535, 65_536, -1, -16, 0x7fff_ffff, -0x8000_0000]

/** Those that wait for ever are asked for elsewhere: a component that waits makes no further call. */
const waiting = new Set(['poll', '[method]pollable.block'])
const calls = Object.values(interfaces)
  .flatMap((rows) => Object.entries(rows))
  .filter(([name]) => !waiting.has(name) && !name.includes('blocking'))

/** What ends a component, or is an error of its call. */
const isExpected = (error: unknown): boolean =>
  error instanceof Exit ||
  error instanceof engine.RuntimeError ||
  (typeof error === 'object' && error !== null && 'code' in error)

describe('a hostile component', () => {
  test.each([1, 2, 3, 4])(
    'random handles, pointers and lists in every import do not get it out of its memory or its quota (seed %i)',
    async (seed) => {
      await expectNoLeak(
        async () => {
          const network = new NodeNetwork(new Resolver({}), [])
          const policy = { allow: ['bind:127.0.0.1:*', 'connect:127.0.0.1:1'], routes: [] }
          const permissions = new Permissions(policy, () => {})
          const sockets = new GuestSockets(network, permissions, new Quota({ sockets: QUOTA }))
          const http = new HttpService({ network, sockets, permissions })
          const memory = new engine.Memory({ initial: 1 })
          const host = new ComponentHost(
            { memory: new GuestMemory(memory), fds: new FdTable(), sockets, http, args: [], env: {} },
            { args: ['hostile'], env: { A: 'b' } },
          )
          const pick = random(seed)
          host.realloc = (_old, _oldSize, _align, size) =>
            pick(4) === 0 ? pick(2 * PAGE) : Math.max(0, 1024 - size)
          const bytes = new Uint8Array(memory.buffer)
          for (let at = 0; at < PAGE; at += 1) bytes[at] = pick(8) === 0 ? pick(256) : pick(4)
          for (let left = CALLS; left > 0; left -= 1) {
            const [name, row] = calls[pick(calls.length)]!
            const args = Array.from(row.parameters, (type) => {
              const kind = pick(4)
              const value = kind === 0 ? numbers[pick(numbers.length)]! : kind === 1 ? pick(PAGE) : pick(24)
              return type === 'I' ? BigInt(value) : value
            })
            try {
              const outcome = row.call(host, ...(args as number[]))
              if (outcome instanceof SyncPromise)
                outcome.settle(
                  () => {},
                  () => {},
                )
            } catch (error) {
              if (!isExpected(error)) throw new Error(`${name}(${args.join(', ')})`, { cause: error })
            }
            if (sockets.size > QUOTA) throw new Error(`${sockets.size} sockets are open`)
            if (left % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
          }
          http.close()
          sockets.closeAll()
          network.stop(new Error('over'))
          await network.close(0)
          expect(sockets.size).toBe(0)
          expect(memory.buffer.byteLength).toBe(PAGE)
        },
        { times: 1 },
      )
    },
    120_000,
  )
})
