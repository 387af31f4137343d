/** What is at a path, without opening it: Windows refuses to open the socket files of AF_UNIX. */
import { bindTable, type Bound } from '../../binding/bind-table.ts'
import { kernel32Library as library } from '../../libraries/win32/dlls.ts'

/** fileapi.h */
const rows = {
  /** `HANDLE FindFirstFileW(LPCWSTR lpFileName, LPWIN32_FIND_DATAW lpFindFileData)` */
  FindFirstFileW: { args: ['LPCWSTR', 'void *'], result: 'HANDLE', fails: 'negative' },
  /** `BOOL FindClose(HANDLE hFindFile)` */
  FindClose: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
} as const

const kernel32: Bound<typeof rows> = bindTable(library, rows)

/** winnt.h */
const FILE_ATTRIBUTE_DIRECTORY = 0x10
const FILE_ATTRIBUTE_REPARSE_POINT = 0x400
const IO_REPARSE_TAG_AF_UNIX = 0x8000_0023

/** winerror.h */
const ERROR_FILE_NOT_FOUND = 2
const ERROR_PATH_NOT_FOUND = 3

/**
 * ```c
 * typedef struct _WIN32_FIND_DATAW {
 *   DWORD dwFileAttributes;                                            // 0
 *   FILETIME ftCreationTime, ftLastAccessTime, ftLastWriteTime;        // 4, 12, 20
 *   DWORD nFileSizeHigh, nFileSizeLow, dwReserved0, dwReserved1;       // 28, 32, 36, 40
 *   WCHAR cFileName[260], cAlternateFileName[14];                      // 44, 564
 * } WIN32_FIND_DATAW;                                                  // 592
 * ```
 *
 * @see https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-win32_find_dataw
 */
const WIN32_FIND_DATAW_SIZE = 592

export interface FoundFile {
  readonly kind: 'socket' | 'directory' | 'link' | 'file'
  readonly size: number
  /** When it was last written, which for a socket file is when it was made. Not carried over to a new file of the same name, as the time of creation is. */
  readonly written: bigint
}

/** Undefined when nothing is there. */
export const findFile = (path: string): FoundFile | undefined => {
  const data = Buffer.alloc(WIN32_FIND_DATAW_SIZE)
  const handle = kernel32.FindFirstFileW.attempt(path, data)
  if (handle < 0) {
    if (-handle === ERROR_FILE_NOT_FOUND || -handle === ERROR_PATH_NOT_FOUND) return undefined
    throw library.toError(-handle, 'FindFirstFileW')
  }
  kernel32.FindClose(handle)
  const attributes = data.readUInt32LE(0)
  const tag = data.readUInt32LE(36)
  const isLink = (attributes & FILE_ATTRIBUTE_REPARSE_POINT) !== 0
  const kind =
    isLink && tag === IO_REPARSE_TAG_AF_UNIX
      ? 'socket'
      : isLink
        ? 'link'
        : (attributes & FILE_ATTRIBUTE_DIRECTORY) !== 0
          ? 'directory'
          : 'file'
  return {
    kind,
    size: data.readUInt32LE(28) * 2 ** 32 + data.readUInt32LE(32),
    written: data.readBigUInt64LE(20),
  }
}

/**
 * Windows 10 1809 shows the file of a closed socket as an empty ordinary one
 * (https://github.com/golang/go/issues/33357), and so does Wine 11.10 always.
 */
export const mayBeSocket = ({ kind, size }: FoundFile): boolean =>
  kind === 'socket' || (kind === 'file' && size === 0)
