import { fstatSync, readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { isWindows, system } from './system.ts'
import { loadFileHandleCount } from './windows-handles.ts'

const FD_DIR = system === 'linux' ? '/proc/self/fd' : '/dev/fd'

const describe = (fd: number): string | undefined => {
  try {
    const stat = fstatSync(fd)
    // Sockets, pipes and files are what a program opens. Event queues (epoll, eventfd, kqueue), directories
    // and devices are what Node opens for itself, when it likes.
    const kind = stat.isSocket() ? 'socket' : stat.isFIFO() ? 'pipe' : stat.isFile() ? 'file' : undefined
    if (kind === undefined) return undefined
    return system === 'linux' ? readlinkSync(`${FD_DIR}/${fd}`) : `${kind} ${fd}`
  } catch {
    // Closed since the directory was read, as the descriptor of the directory itself is.
    return undefined
  }
}

/** The open sockets, pipes and files of this process: a short description of each, by descriptor. POSIX only. */
export const openHandles = (): Map<number, string> => {
  const handles = new Map<number, string>()
  for (const name of readdirSync(FD_DIR)) {
    const text = describe(Number(name))
    if (text !== undefined) handles.set(Number(name), text)
  }
  return handles
}

let countOnWindows: (() => number) | undefined

/** How many sockets, pipes and files this process has open now; on Windows devices are counted with them. */
export const handleCount = (): number => {
  if (!isWindows) return openHandles().size
  countOnWindows ??= loadFileHandleCount()
  return countOnWindows()
}

/**
 * Asserts that repeating `action` does not leave handles open. It is run once so that Node opens what it keeps,
 * then `times` times; after that fewer than half as many handles as rounds may have been added, within 2 seconds
 * (closing is not immediate everywhere). One leaked handle a round fails on every system.
 */
export const expectNoLeak = async (
  action: () => unknown,
  { times = 40 }: { readonly times?: number } = {},
): Promise<void> => {
  await action()
  const before = handleCount()
  for (let round = 0; round < times; round++) await action()
  const limit = before + times / 2
  for (let poll = 0; handleCount() >= limit && poll < 100; poll++) await wait(20)
  const after = handleCount()
  if (after >= limit) throw new Error(`${after - before} handles more than before after ${times} rounds`)
}
