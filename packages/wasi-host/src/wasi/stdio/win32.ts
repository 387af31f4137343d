/** openDescriptorPoll of Windows: is a standard stream readable or writable? */
import { bindTable, kernel32Library, type Bound } from '@uds/winsock-ffi'
import type { DescriptorPoll, OpenDescriptorPoll } from './descriptor-poll.ts'

const rows = {
  /** `HANDLE GetStdHandle(DWORD)`: https://learn.microsoft.com/windows/console/getstdhandle */
  GetStdHandle: { args: ['DWORD'], result: 'HANDLE', fails: 'negative' },
  /**
   * `BOOL PeekNamedPipe(HANDLE, LPVOID buffer, DWORD size, LPDWORD read, LPDWORD total, LPDWORD leftThisMessage)`:
   * https://learn.microsoft.com/windows/win32/api/namedpipeapi/nf-namedpipeapi-peeknamedpipe
   */
  PeekNamedPipe: {
    args: ['HANDLE', 'void *', 'DWORD', 'void *', 'void *', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
} as const

const kernel32: Bound<typeof rows> = bindTable(kernel32Library, rows)

/** STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE */
const standard = [-10 >>> 0, -11 >>> 0, -12 >>> 0]

const ERROR_BROKEN_PIPE = 109

const handleOf = (fd: number): ReturnType<typeof kernel32.GetStdHandle> | undefined => {
  try {
    return kernel32.GetStdHandle(standard[fd]!)
  } catch {
    return undefined
  }
}

/** PeekNamedPipe, for the standard handles that are pipes. How much a pipe takes is unknown: a write may wait. */
export const openDescriptorPoll: OpenDescriptorPoll = (fd): DescriptorPoll => {
  const handle = fd < standard.length ? handleOf(fd) : undefined
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
