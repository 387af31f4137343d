/** Lists: a pointer and a length; the items are in memory, wherever the list itself is. */
import type { ComponentHost } from '../host.ts'
import { trap } from '../trap.ts'
import { expectAligned, type ValueType } from './type.ts'

/** What is passed as a pointer and a length. */
export const pair = <T>(
  read: (host: ComponentHost, pointer: number, length: number) => T,
  write: (host: ComponentHost, value: T) => readonly [pointer: number, length: number],
): ValueType<T> => ({
  flat: 'ii',
  size: 8,
  align: 4,
  lift: (from) => {
    const pointer = from.word()
    return read(from.host, pointer, from.word())
  },
  load: (host, at) => read(host, host.memory.u32(at), host.memory.u32(at + 4)),
  store: (host, at, value) => {
    const [pointer, length] = write(host, value)
    host.memory.setU32(at, pointer)
    host.memory.setU32(at + 4, length)
  },
  lower: (host, value, to) => void to.push(...write(host, value)),
})

/** Items of one list at most, and bytes of one: what a call copies holds up the thread. */
const MOST_ITEMS = 1_000_000
const MOST_BYTES = 64 * 1024 * 1024

const tooLong = (length: number, most: number): never =>
  trap(`a list of ${length} items is too long: ${most} at most`)

/** `list<u8>`: a copy of the bytes. */
export const bytes: ValueType<Uint8Array> = pair(
  ({ memory }, pointer, length) =>
    length > MOST_BYTES ? tooLong(length, MOST_BYTES) : memory.copy(pointer, length),
  (host, value) => {
    const pointer = host.allocate(1, value.length)
    host.memory.write(pointer, value)
    return [pointer, value.length]
  },
)

export const list = <T>(type: ValueType<T>): ValueType<readonly T[]> => {
  const { size, align, carried } = type
  const items = pair<readonly T[]>(
    (host, pointer, length) => {
      if (length > MOST_ITEMS) return tooLong(length, MOST_ITEMS)
      const at = expectAligned(pointer, align)
      if (size * length > 0) host.memory.check(at, size * length)
      return Array.from({ length }, (_, index) => type.load(host, at + index * size))
    },
    (host, values) => {
      const pointer = host.allocate(align, values.length * size)
      for (const [index, value] of values.entries()) type.store(host, pointer + index * size, value)
      return [pointer, values.length]
    },
  )
  return { ...items, ...(carried && { carried }) }
}
