/** `stream<T>` and `future<T>` as types: the end that is read moves with a call. */
import type { ComponentHost } from '../host.ts'
import { trap } from '../trap.ts'
import { handle } from '../canonical/handle.ts'
import type { ValueType } from '../canonical/type.ts'
import type { CopyEnd } from './copy-end.ts'
import { FutureReadEnd, type Future } from './future.ts'
import { ReadEnd, type Stream } from './stream.ts'
import { addWaitable } from './waitable.ts'

/** Takes an end out of the table of handles: it may not be in use. */
const taken = <E extends CopyEnd>(end: E, type: unknown, wanted: unknown): E => {
  if (type !== wanted) trap('a stream or future of another type')
  end.expectIdle()
  end.leave()
  return end
}

/** The handle of an end. */
const carried = <V>(
  take: (host: ComponentHost, index: number) => V,
  give: (host: ComponentHost, value: V) => CopyEnd,
): ValueType<V> => handle(take, (host, value) => addWaitable(host.handles, give(host, value)))

export const streamOf = <T>(type: ValueType<T>): ValueType<Stream<T>> => ({
  ...carried<Stream<T>>(
    (host, index) => {
      const end = host.handles.remove(ReadEnd, index)
      return taken(end, end.stream.type, type).stream as Stream<T>
    },
    (host, stream) => stream.readEnd(host),
  ),
  carried: [{ kind: 'stream', type: type }],
})

export const futureOf = <T>(type: ValueType<T>): ValueType<Future<T>> => ({
  ...carried<Future<T>>(
    (host, index) => {
      const end = host.handles.remove(FutureReadEnd, index)
      return taken(end, end.future.type, type).future as Future<T>
    },
    (host, future) => future.readEnd(host),
  ),
  carried: [{ kind: 'future', type: type }],
})
