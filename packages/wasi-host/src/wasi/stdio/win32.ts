/** openDescriptorPoll of Windows: is a standard stream readable or writable? */
import { kernel32, standardHandle } from '../libraries/win32.ts'
import type { DescriptorPoll, OpenDescriptorPoll } from './descriptor-poll.ts'

const ERROR_BROKEN_PIPE = 109

/** PeekNamedPipe, for the standard handles that are pipes. How much a pipe takes is unknown: a write may wait. */
export const openDescriptorPoll: OpenDescriptorPoll = (fd): DescriptorPoll => {
  const handle = standardHandle(fd)
  const total = new Uint32Array(1)
  const peek = (): number =>
    handle === undefined ? -1 : kernel32.PeekNamedPipe.attempt(handle, null, 0, null, total, null)
  return {
    writeAtOnce: Infinity,
    state: () => {
      const result = peek()
      const ended = result === -ERROR_BROKEN_PIPE
      if (result < 0 && !ended) return undefined
      const available = ended ? 0 : total[0]!
      return { readable: ended || available > 0, writable: true, hangup: ended, available }
    },
    release: () => {},
  }
}
