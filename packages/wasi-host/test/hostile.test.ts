import { describe, expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'
import { FdTable } from '../src/abi/fd-table.ts'
import { abis } from '../src/abi/link.ts'
import type { Abi, Row } from '../src/abi/abi.ts'
import { PREOPENED } from '../src/abi/preview1/rights.ts'
import { AsyncHost } from '../src/component/async/host.ts'
import { ComponentHost, type Realloc } from '../src/component/host.ts'
import { interfaces } from '../src/component/link.ts'
import { linkComponent03 } from '../src/component/wasi03/link.ts'
import { GuestMemory } from '../src/memory/guest-memory.ts'
import type { ModuleImport, ValueType } from '../src/module/binary.ts'
import { SyncPromise } from '../src/outcome/sync-promise.ts'
import { OpenDirectory } from '../src/wasi/files/open-directory.ts'
import { allImports03 } from './builder/component03.ts'
import { attack, PAGE, randomArguments, SEEDS, TIMEOUT_MS, type Pick, type Surroundings } from './hostile.ts'

const local = ['bind:127.0.0.1:*', 'connect:127.0.0.1:1']

/** A `cabi_realloc` that lies now and then. */
const lying =
  (pick: Pick): Realloc =>
  (_old, _oldSize, _align, size) =>
    pick(4) === 0 ? pick(2 * PAGE) : Math.max(0, 1024 - size)

const shapes = (abi: Abi): [string, Row][] =>
  Object.entries(abi.rows).flatMap(([name, row]) =>
    (Array.isArray(row) ? row : [row]).map((each: Row): [string, Row] => [`${abi.name}.${name}`, each]),
  )

const settled = (outcome: unknown): void => {
  if (outcome instanceof SyncPromise)
    outcome.settle(
      () => {},
      () => {},
    )
}

const types: Readonly<Record<string, ValueType>> = { i: 'i32', I: 'i64' }
const typesOf = (shape: string): ValueType[] => Array.from(shape, (each) => types[each]!)

/** One of the guests has a directory, since calls of the file system take their time. */
const withDirectory = (seed: number): FdTable => {
  const fds = new FdTable()
  if (seed !== SEEDS[0]) return fds
  const directory = OpenDirectory.preopened(tempDir(), false)
  fds.set(3, { kind: 'directory', directory, preopened: '/', rights: PREOPENED })
  return fds
}

const guestOf = ({
  memory,
  sockets,
  http,
}: Surroundings): ConstructorParameters<typeof ComponentHost>[0] => ({
  memory: new GuestMemory(memory),
  fds: new FdTable(),
  sockets,
  http,
  args: [],
  env: {},
})

describe('random arguments do not get out of memory, quota or permissions', () => {
  test.each(SEEDS)(
    'to every import of a module, seed %i',
    (seed) => {
      const calls = abis.flatMap(shapes)
      return expect(
        attack(seed, [], ({ memory, sockets, http, pick }) => {
          const fds = withDirectory(seed)
          const guest = {
            memory: new GuestMemory(memory),
            fds,
            sockets,
            http,
            args: ['hostile'],
            env: { A: 'b' },
          }
          return {
            end: () => fds.closeFiles(),
            next: () => {
              const [name, row] = calls[pick(calls.length)]!
              const args = randomArguments(pick, row.parameters) as number[]
              return { name: `${name}(${args.join(', ')})`, call: () => settled(row.call(guest, ...args)) }
            },
          }
        }),
      ).resolves.toBeUndefined()
    },
    TIMEOUT_MS,
  )

  /** Those that wait for ever are asked for elsewhere: a component that waits makes no further call. */
  const waiting = new Set(['poll', '[method]pollable.block'])

  test.each(SEEDS)(
    'to every import of a component of 0.2, seed %i',
    (seed) => {
      const calls = Object.values(interfaces)
        .flatMap((rows) => Object.entries(rows))
        .filter(([name]) => !waiting.has(name) && !name.includes('blocking'))
      return expect(
        attack(seed, local, (around) => {
          const { pick } = around
          const fds = withDirectory(seed)
          const guest = { ...guestOf(around), fds }
          const host = new ComponentHost(guest, { args: ['hostile'], env: { A: 'b' } })
          host.realloc = lying(pick)
          return {
            end: () => fds.closeFiles(),
            next: () => {
              const [name, row] = calls[pick(calls.length)]!
              const args = randomArguments(pick, row.parameters) as number[]
              return { name: `${name}(${args.join(', ')})`, call: () => settled(row.call(host, ...args)) }
            },
          }
        }),
      ).resolves.toBeUndefined()
    },
    TIMEOUT_MS,
  )

  test.each(SEEDS)(
    'to every import of a component of 0.3, with its streams and futures, seed %i',
    (seed) =>
      expect(
        attack(seed, local, (around) => {
          const { pick } = around
          const host = new AsyncHost(guestOf(around), { args: ['hostile'], env: { A: 'b' } })
          host.realloc = lying(pick)
          const link = linkComponent03(host)
          const calls = allImports03.map((each) => {
            const { module, name, parameters, result = 'i' } = each
            const wanted: ModuleImport = {
              module,
              name,
              kind: 'function',
              parameters: typesOf(parameters),
              results: typesOf(result),
            }
            return { name: `${module} ${name}`, parameters, call: link(wanted)!.call }
          })
          return {
            next: () => {
              const { name, parameters, call } = calls[pick(calls.length)]!
              const args = randomArguments(pick, parameters) as number[]
              return { name: `${name}(${args.join(', ')})`, call: () => call(...args) }
            },
            end: () => host.stop(),
          }
        }),
      ).resolves.toBeUndefined(),
    TIMEOUT_MS,
  )
})
