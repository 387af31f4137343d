/** Handles of resources: owned, which move with a call, and borrowed, which stay. */
import type { ComponentHost } from '../host.ts'
import type { Class } from '../handles.ts'
import type { ValueType } from './type.ts'

/** What is passed as a handle: how one is looked up, and how one is made. */
export const handle = <T>(
  take: (host: ComponentHost, handle: number) => T,
  give: (host: ComponentHost, value: T) => number,
): ValueType<T> => ({
  flat: 'i',
  size: 4,
  align: 4,
  lift: (from) => take(from.host, from.word()),
  load: (host, at) => take(host, host.memory.u32(at)),
  store: (host, at, value) => host.memory.setU32(at, give(host, value)),
  lower: (host, value, to) => void to.push(give(host, value)),
})

const add = ({ handles }: ComponentHost, value: object): number => handles.add(value)

/** `own<T>`: it leaves the guest. */
export const own = <T extends object>(type: Class<T>): ValueType<T> =>
  handle<T>((host, at) => host.handles.remove(type, at), add)

/** `borrow<T>`, which is what `self` of a method is. */
export const borrow = <T extends object>(type: Class<T>): ValueType<T> =>
  handle<T>((host, at) => host.handles.get(type, at), add)
