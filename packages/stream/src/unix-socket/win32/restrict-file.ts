/** The permissions of a socket file in the terms of Windows: a client needs the right to write the file. */
import {
  advapi32Library,
  bindTable,
  findFile,
  kernel32Library,
  SocketError,
  type Bound,
} from '@uds/winsock-ffi'
import { ownSid } from '@uds/winsock-ffi/internal'

/** securitybaseapi.h, sddl.h */
const rows = {
  /** `BOOL SetKernelObjectSecurity(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR)` */
  SetKernelObjectSecurity: { args: ['HANDLE', 'DWORD', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `BOOL ConvertStringSecurityDescriptorToSecurityDescriptorW(LPCWSTR, DWORD revision, PSECURITY_DESCRIPTOR *, PULONG size)` */
  ConvertStringSecurityDescriptorToSecurityDescriptorW: {
    args: ['LPCWSTR', 'DWORD', 'void *', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
} as const

/** fileapi.h, winbase.h, handleapi.h */
const fileRows = {
  /** `HANDLE CreateFileW(LPCWSTR, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES, DWORD disposition, DWORD flags, HANDLE)` */
  CreateFileW: {
    args: ['LPCWSTR', 'DWORD', 'DWORD', 'void *', 'DWORD', 'DWORD', 'HANDLE'],
    result: 'HANDLE',
    fails: 'negative',
  },
  /** `BOOL GetFileInformationByHandle(HANDLE, LPBY_HANDLE_FILE_INFORMATION)` */
  GetFileInformationByHandle: { args: ['HANDLE', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `BOOL CloseHandle(HANDLE)` */
  CloseHandle: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  /** `HLOCAL LocalFree(HLOCAL hMem)` */
  LocalFree: { args: ['void *'], result: 'void *', fails: 'never' },
} as const

const advapi32: Bound<typeof rows> = bindTable(advapi32Library, rows)
const kernel32: Bound<typeof fileRows> = bindTable(kernel32Library, fileRows)

/** sddl.h */
const SDDL_REVISION_1 = 1
/** winnt.h: SECURITY_INFORMATION; the DACL, and nothing inherited from the directory. */
const DACL_SECURITY_INFORMATION = 0x0000_0004
const PROTECTED_DACL_SECURITY_INFORMATION = 0x8000_0000
/** winnt.h: the rights to read attributes, and to set the DACL. */
const FILE_READ_ATTRIBUTES = 0x0080
const WRITE_DAC = 0x0004_0000
/** winnt.h: FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_SHARE_DELETE */
const FILE_SHARE_ALL = 7
/** fileapi.h */
const OPEN_EXISTING = 3
/** winbase.h: the file itself and not where it leads, which also opens the reparse point of a socket. */
const FILE_FLAG_OPEN_REPARSE_POINT = 0x0020_0000
/** winbase.h: a directory is opened too, so that it can be refused. */
const FILE_FLAG_BACKUP_SEMANTICS = 0x0200_0000
/** winnt.h */
const FILE_ATTRIBUTE_DIRECTORY = 0x10

/** Others who are let in get what connecting takes (FILE_GENERIC_READ | FILE_GENERIC_WRITE), not the right to delete. */
const everyone = '(A;;0x12019f;;;WD)'

/**
 * Admits the user, the system and its administrators, and everybody where the mode has the right to write for group or
 * others: Windows has no group of a file that would mean the same.
 *
 * @see https://learn.microsoft.com/windows/win32/secauthz/ace-strings
 */
const sddl = (mode: number): string =>
  `D:P(A;;FA;;;${ownSid()})(A;;FA;;;SY)(A;;FA;;;BA)${(mode & 0o022) === 0 ? '' : everyone}`

/**
 * ```c
 * typedef struct _BY_HANDLE_FILE_INFORMATION {                                // fileapi.h
 *   DWORD dwFileAttributes;                                                   // 0
 *   FILETIME ftCreationTime, ftLastAccessTime, ftLastWriteTime;               // 4, 12, 20
 *   DWORD dwVolumeSerialNumber, nFileSizeHigh, nFileSizeLow, nNumberOfLinks;  // 28, 32, 36, 40
 *   DWORD nFileIndexHigh, nFileIndexLow;                                      // 44, 48
 * } BY_HANDLE_FILE_INFORMATION;                                               // 52
 * ```
 */
const FILE_INFORMATION_SIZE = 52
const FILE_INFORMATION_WRITTEN = 20
const FILE_INFORMATION_LINKS = 40

/** True for the file that was bound: neither a directory, nor a name of a file that has others, nor a newer file. */
const isBoundFile = (handle: number, written: bigint | undefined): boolean => {
  const found = Buffer.alloc(FILE_INFORMATION_SIZE)
  kernel32.GetFileInformationByHandle(handle, found)
  return (
    (found.readUInt32LE(0) & FILE_ATTRIBUTE_DIRECTORY) === 0 &&
    found.readUInt32LE(FILE_INFORMATION_LINKS) === 1 &&
    found.readBigUInt64LE(FILE_INFORMATION_WRITTEN) === written
  )
}

const setDacl = (handle: number, mode: number): void => {
  const descriptor = new BigUint64Array(1)
  advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl(mode), SDDL_REVISION_1, descriptor, null)
  const pointer = descriptor[0]!
  try {
    const which = (DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION) >>> 0
    advapi32.SetKernelObjectSecurity(handle, which, pointer)
  } finally {
    kernel32.LocalFree(pointer)
  }
}

const unsupported = (path: string, cause: unknown): SocketError =>
  new SocketError({
    code: 'ENOTSUP',
    syscall: 'SetKernelObjectSecurity',
    address: `unix:${path}`,
    detail: 'the system does not set permissions of this socket file',
    advice: 'put it into a directory that only this user may enter, and set no mode',
    cause,
  })

/**
 * Sets the DACL of the socket file, through a handle of it: another user who may write the directory can put another file
 * in its place at any time. No client can connect before the socket listens.
 *
 * @param written - The time of writing of the file that was bound. @default that of the file at the path now
 * @throws SocketError `EACCES` when another file is there by now, `ENOTSUP` where the file system has no permissions.
 */
export const restrictFile = (
  path: string,
  mode: number,
  written: bigint | undefined = findFile(path)?.written,
): void => {
  let handle: number
  try {
    const flags = FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS
    const access = WRITE_DAC | FILE_READ_ATTRIBUTES
    handle = kernel32.CreateFileW(path, access, FILE_SHARE_ALL, null, OPEN_EXISTING, flags, 0)
  } catch (cause) {
    throw unsupported(path, cause)
  }
  try {
    if (!isBoundFile(handle, written)) {
      throw new SocketError({
        code: 'EACCES',
        syscall: 'listen',
        address: `unix:${path}`,
        detail: 'another file is in the place of the socket file that was made',
        advice: 'listen in a directory that only this user may change',
      })
    }
    setDacl(handle, mode)
  } catch (cause) {
    if (cause instanceof SocketError && cause.syscall === 'listen') throw cause
    throw unsupported(path, cause)
  } finally {
    kernel32.CloseHandle.attempt(handle)
  }
}
