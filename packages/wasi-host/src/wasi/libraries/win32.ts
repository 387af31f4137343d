/** The calls of kernel32 on standard handles. */
import { bindTable, kernel32Library, type Bound } from '@uds/winsock-ffi'

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
  /**
   * `BOOL SetFilePointerEx(HANDLE, LARGE_INTEGER distance, PLARGE_INTEGER newPointer, DWORD method)`, with distances that
   * are not negative: https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-setfilepointerex
   */
  SetFilePointerEx: { args: ['HANDLE', 'size_t', 'void *', 'DWORD'], result: 'BOOL', fails: 'zero' },
} as const

export const kernel32: Bound<typeof rows> = bindTable(kernel32Library, rows)

/** STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE */
const standard = [-10 >>> 0, -11 >>> 0, -12 >>> 0]

/** The handle of a standard stream, by its descriptor in C; undefined for any other. */
export const standardHandle = (fd: number): ReturnType<typeof kernel32.GetStdHandle> | undefined => {
  const which = standard[fd]
  if (which === undefined) return undefined
  try {
    return kernel32.GetStdHandle(which)
  } catch {
    return undefined
  }
}
