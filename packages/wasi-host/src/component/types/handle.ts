/** Handles of resources: owned, which move with a call, and borrowed, which stay. */
import type { ComponentHost } from '../host.ts'
import type { Class } from '../handles.ts'
import { u32, type ValueType } from './type.ts'

const handle = <T extends object>(take: (host: ComponentHost, handle: number) => T): ValueType<T> => ({
  flat: 'i',
  size: 4,
  align: 4,
  lift: (from) => take(from.host, u32.lift(from)),
  load: (host, at) => take(host, u32.load(host, at)),
  store: (host, at, value) => u32.store(host, at, host.handles.add(value)),
  lower: (host, value) => host.handles.add(value),
})

/** `own<T>`: it leaves the guest. */
export const own = <T extends object>(type: Class<T>): ValueType<T> =>
  handle((host, at) => host.handles.remove(type, at))

/** `borrow<T>`, which is what `self` of a method is. */
export const borrow = <T extends object>(type: Class<T>): ValueType<T> =>
  handle((host, at) => host.handles.get(type, at))
