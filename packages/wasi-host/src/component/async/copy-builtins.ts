/** The built-in functions of streams and futures: one of each for every stream and future in the type of a function. */
import { trap } from '../trap.ts'
import { expectAligned, type Carried } from '../canonical/type.ts'
import type { Outcome } from '../../outcome/sync-promise.ts'
import { waitFor, type Builtin } from './builtins.ts'
import { BLOCKED, expectCount, type CopyEnd } from './copy-end.ts'
import { Future, FutureReadEnd, FutureWriteEnd } from './future.ts'
import type { AsyncHost } from './host.ts'
import { ReadEnd, Stream, WriteEnd } from './stream.ts'
import { addWaitable } from './waitable.ts'

type Copy = { copy(at: number, count: number): number } & CopyEnd

/** The end of a handle, which must be of the type. */
type Find = (host: AsyncHost, handle: number) => Copy
type Take = (host: AsyncHost, handle: number) => Copy

const expectType = <E extends Copy>(end: E, found: unknown, type: unknown): E =>
  found === type ? end : trap('a stream or a future of another type')

const copied = (end: Copy, moved: number, lowersAsync: boolean): Outcome<number> =>
  moved === BLOCKED && !lowersAsync ? waitFor(end) : moved

const copyRow = (find: Find, carried: Carried, lowersAsync: boolean): Builtin => ({
  parameters: carried.kind === 'stream' ? 'iii' : 'ii',
  result: 'i',
  ...(!lowersAsync && { waits: true as const }),
  call: (host, handle, pointer, length) => {
    const end = find(host, handle)
    end.expectIdle()
    const count = carried.kind === 'stream' ? expectCount(length) : 1
    const at = count === 0 ? 0 : expectAligned(pointer, carried.type.align)
    if (count > 0) host.guest.memory.check(at, count * carried.type.size)
    return copied(end, end.copy(at, count), lowersAsync)
  },
})

const pairRow = (carried: Carried): Builtin => ({
  parameters: '',
  result: 'I',
  call: (host) => {
    const made = carried.kind === 'stream' ? new Stream(carried.type) : new Future(carried.type)
    const readable = addWaitable(host.handles, made.readEnd(host))
    const writable = addWaitable(host.handles, made.writeEnd(host))
    return BigInt(readable) | (BigInt(writable) << 32n)
  },
})

const ends = (
  { kind, type }: Carried,
  side: 'read' | 'write',
): { readonly find: Find; readonly take: Take } => {
  if (kind === 'stream') {
    const end = side === 'read' ? ReadEnd : WriteEnd
    const typed = (found: ReadEnd | WriteEnd): Copy => expectType(found, found.stream.type, type)
    return {
      find: ({ handles }, handle) => typed(handles.get<ReadEnd | WriteEnd>(end, handle)),
      take: ({ handles }, handle) => typed(handles.remove<ReadEnd | WriteEnd>(end, handle)),
    }
  }
  const end = side === 'read' ? FutureReadEnd : FutureWriteEnd
  const typed = (found: FutureReadEnd | FutureWriteEnd): Copy => expectType(found, found.future.type, type)
  return {
    find: ({ handles }, handle) => typed(handles.get<FutureReadEnd | FutureWriteEnd>(end, handle)),
    take: ({ handles }, handle) => typed(handles.remove<FutureReadEnd | FutureWriteEnd>(end, handle)),
  }
}

/** `new`, `read`, `write`, `cancel-read`, `cancel-write`, `drop-readable`, `drop-writable` */
export const copyBuiltin = (action: string, carried: Carried, lowersAsync: boolean): Builtin | undefined => {
  if (action === 'new') return pairRow(carried)
  const { find, take } = ends(carried, action.includes('read') ? 'read' : 'write')
  if (action === 'read' || action === 'write') return copyRow(find, carried, lowersAsync)
  if (action === 'cancel-read' || action === 'cancel-write')
    return { parameters: 'i', result: 'i', call: (host, handle) => find(host, handle).cancel() }
  if (action === 'drop-readable' || action === 'drop-writable')
    return { parameters: 'i', result: '', call: (host, handle) => take(host, handle).drop() }
  return undefined
}
