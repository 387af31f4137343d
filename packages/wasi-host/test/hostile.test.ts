import { expectNoLeak, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { abis } from '../src/abi/link.ts'
import type { Abi, Guest, Row } from '../src/abi/abi.ts'
import { PREOPENED } from '../src/abi/preview1/rights.ts'
import { OpenDirectory } from '../src/wasi/files/open-directory.ts'
import { Exit } from '../src/outcome/failure.ts'
import { GuestMemory } from '../src/memory/guest-memory.ts'
import { NodeNetwork } from '../src/network/node/network.ts'
import { Permissions } from '../src/policy/permissions.ts'
import { Quota } from '../src/policy/quota.ts'
import { Resolver } from '../src/network/resolver.ts'
import { GuestSockets } from '../src/sockets/guest-sockets.ts'
import { FdTable } from '../src/abi/fd-table.ts'
import { engine } from '../src/module/engine.ts'

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

/** Numbers that have broken programs, beside ordinary ones. */
const numbers = [
  0, 1, 2, 3, 4, 5, 8, 10, 16, 19, 64, 128, 255, 1000, 1001, 4096, 65_520, 65_535, 65_536, -1, -2, -16,
  0x7fff_ffff, -0x8000_0000,
]

const shapes = (abi: Abi): [string, Row][] =>
  Object.entries(abi.rows).flatMap(([name, row]) =>
    (Array.isArray(row) ? row : [row]).map((each: Row): [string, Row] => [`${abi.name}.${name}`, each]),
  )

const calls = abis.flatMap(shapes)

/** As many as the issue asks for, over all seeds. */
const SEEDS = [1, 2, 3, 4]
const CALLS = 250_000
const QUOTA = 64

interface Attacked {
  readonly guest: Guest
  readonly memory: InstanceType<typeof engine.Memory>
  readonly network: NodeNetwork
  readonly sockets: GuestSockets
}

const attacked = (): Attacked => {
  const network = new NodeNetwork(new Resolver({ a: ['127.0.0.1'] }), [])
  const sockets = new GuestSockets(
    network,
    new Permissions({ allow: [], routes: [] }, () => {}),
    new Quota({ sockets: QUOTA }),
  )
  const memory = new engine.Memory({ initial: 1 })
  const fds = new FdTable()
  const directory = OpenDirectory.preopened(tempDir(), false)
  fds.set(3, { kind: 'directory', directory, preopened: '/', rights: PREOPENED })
  return {
    guest: {
      memory: new GuestMemory(memory),
      fds,
      sockets,
      http: undefined,
      args: ['hostile'],
      env: { A: 'b' },
    },
    memory,
    network,
    sockets,
  }
}

describe('a hostile guest', () => {
  test.each(SEEDS)(
    'random arguments to every import do not get it out of its memory, its quota or its permissions (seed %i)',
    async (seed) => {
      await expectNoLeak(
        async () => {
          const { guest, memory, network, sockets } = attacked()
          const pick = random(seed)
          const bytes = new Uint8Array(memory.buffer)
          for (let at = 0; at < PAGE; at += 1) bytes[at] = pick(8) === 0 ? pick(256) : pick(4)
          let waiting = 0
          for (let left = CALLS; left > 0; left -= 1) {
            const [name, row] = calls[pick(calls.length)]!
            const args = Array.from(row.parameters, (type) => {
              const value = pick(3) === 0 ? numbers[pick(numbers.length)]! : pick(PAGE)
              return type === 'I' ? BigInt(value) : value
            })
            try {
              const outcome = row.call(guest, ...(args as number[]))
              if (outcome instanceof Promise) {
                waiting += 1
                outcome.then(
                  () => (waiting -= 1),
                  () => (waiting -= 1),
                )
              }
            } catch (error) {
              // A failure with a code is an errno; anything else is a bug in the host. To expect() a million times would
              // take longer than the calls.
              if (!(error instanceof Exit) && !('code' in (error as object)))
                throw new Error(`${name}(${args.join(', ')})`, { cause: error })
            }
            if (sockets.size > QUOTA) throw new Error(`${sockets.size} sockets are open`)
            // What waits is given up now and then, as an aborted guest's is.
            if (left % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve))
          }
          sockets.closeAll()
          guest.fds.closeFiles()
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
