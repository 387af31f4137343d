/** `wasi:io/poll` of 0.2. */
import { pollAll, type StandardRequest } from '../abi/standard-streams.ts'
import { isReady } from '../sockets/readiness.ts'
import type { PollRequest } from '../sockets/socket-calls.ts'
import { after, type Outcome } from '../outcome/sync-promise.ts'
import { list } from './canonical/lists.ts'
import { u32 } from './canonical/scalars.ts'
import type { Channel, Interest } from './channel.ts'
import { dropRow, type ComponentHost, type ComponentRows } from './host.ts'
import { trap } from './trap.ts'

/** What a pollable waits for now; it is asked again for each wait, since a socket may have become something else. */
export type Awaited =
  | { readonly kind: 'ready' }
  | { readonly kind: 'channel'; readonly channel: Channel; readonly interest: Interest }
  /** Nanoseconds of the monotonic clock. */
  | { readonly kind: 'clock'; readonly due: bigint }

/** What `poll` returns. */
const indices = list(u32)

export class Pollable {
  readonly awaited: () => Awaited

  constructor(awaited: () => Awaited) {
    this.awaited = awaited
  }
}

const NS_PER_MS = 1_000_000n

/** Waits until one is ready, or the time is up (-1: never), and returns the indices of those that are. */
const poll = (host: ComponentHost, pollables: readonly Pollable[], timeoutMs: number): Outcome<number[]> => {
  const sockets: PollRequest[] = []
  const standards: StandardRequest[] = []
  const owners: { readonly sockets: number[]; readonly standards: number[] } = { sockets: [], standards: [] }
  const ready: number[] = []
  let leastMs = timeoutMs < 0 ? Infinity : timeoutMs
  const clocks: [index: number, due: bigint][] = []
  const now = process.hrtime.bigint()
  for (const [index, pollable] of pollables.entries()) {
    const awaited = pollable.awaited()
    if (awaited.kind === 'ready') ready.push(index)
    else if (awaited.kind === 'clock') {
      clocks.push([index, awaited.due])
      const left = awaited.due > now ? awaited.due - now : 0n
      leastMs = Math.min(leastMs, Number((left + NS_PER_MS - 1n) / NS_PER_MS))
    } else {
      const request = awaited.channel.request(awaited.interest)
      if ('ready' in request) ready.push(index)
      else if ('socket' in request) {
        sockets.push(request.socket)
        owners.sockets.push(index)
      } else {
        standards.push(request.standard)
        owners.standards.push(index)
      }
    }
  }
  const ms = ready.length > 0 ? 0 : leastMs === Infinity ? -1 : leastMs
  return after(pollAll(host.guest, sockets, standards, ms), (answers) => {
    for (const kind of ['sockets', 'standards'] as const)
      for (const [at, answer] of answers[kind].entries()) if (isReady(answer)) ready.push(owners[kind][at]!)
    const later = process.hrtime.bigint()
    for (const [index, due] of clocks) if (due <= later) ready.push(index)
    if (ready.length === 0 && timeoutMs < 0) return poll(host, pollables, timeoutMs)
    return ready.toSorted((a, b) => a - b)
  })
}

/** Waits for one pollable. */
export const block = (host: ComponentHost, pollable: Pollable): Outcome<void> =>
  after(poll(host, [pollable], -1), () => {})

/** More at a time than a component can have resources. */
const MOST_POLLED = 65_536

export const pollRows: ComponentRows = {
  '[method]pollable.ready': {
    parameters: 'i',
    result: 'i',
    waits: true,
    call: (host, self) => after(poll(host, [host.handles.get(Pollable, self)], 0), ({ length }) => length),
  },
  '[method]pollable.block': {
    parameters: 'i',
    waits: true,
    call: (host, self) => block(host, host.handles.get(Pollable, self)),
  },
  poll: {
    parameters: 'iii',
    waits: true,
    call: (host, pointer, count, at) => {
      const { memory } = host.guest
      const many = count >>> 0
      if (many === 0) return trap('poll was called with no pollable')
      if (many > MOST_POLLED) return trap(`poll was called with ${many} pollables`)
      memory.check(pointer, 4 * many)
      memory.check(at, 8)
      const pollables = Array.from({ length: many }, (_, index) =>
        host.handles.get(Pollable, memory.u32((pointer >>> 0) + 4 * index)),
      )
      return after(poll(host, pollables, -1), (ready) => indices.store(host, at, ready))
    },
  },
  '[resource-drop]pollable': dropRow(Pollable),
}
