/** The permissions of a socket file, said in the terms of Windows: who may connect needs the right to write it. */
import { advapi32Library, bindTable, kernel32Library, SocketError, type Bound } from '@uds/winsock-ffi'
import { ownSid } from '@uds/winsock-ffi/internal'

/** securitybaseapi.h, sddl.h */
const rows = {
  /** `BOOL SetFileSecurityW(LPCWSTR lpFileName, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR)` */
  SetFileSecurityW: { args: ['LPCWSTR', 'DWORD', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `BOOL ConvertStringSecurityDescriptorToSecurityDescriptorW(LPCWSTR, DWORD revision, PSECURITY_DESCRIPTOR *, PULONG size)` */
  ConvertStringSecurityDescriptorToSecurityDescriptorW: {
    args: ['LPCWSTR', 'DWORD', 'void *', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
} as const

const freeRows = {
  /** `HLOCAL LocalFree(HLOCAL hMem)` */
  LocalFree: { args: ['void *'], result: 'void *', fails: 'never' },
} as const

const advapi32: Bound<typeof rows> = bindTable(advapi32Library, rows)
const kernel32: Bound<typeof freeRows> = bindTable(kernel32Library, freeRows)

/** sddl.h */
const SDDL_REVISION_1 = 1
/** winnt.h: SECURITY_INFORMATION; the DACL, and nothing inherited from the directory. */
const DACL_SECURITY_INFORMATION = 0x0000_0004
const PROTECTED_DACL_SECURITY_INFORMATION = 0x8000_0000

/** Others who are let in get what connecting takes (FILE_GENERIC_READ | FILE_GENERIC_WRITE), not the right to delete. */
const everyone = '(A;;0x12019f;;;WD)'

/**
 * Lets in the user, the system and its administrators, and everybody where the mode gives the right to write to group
 * or others: Windows has no group of a file that would mean the same.
 *
 * @see https://learn.microsoft.com/windows/win32/secauthz/ace-strings
 */
const sddl = (mode: number): string =>
  `D:P(A;;FA;;;${ownSid()})(A;;FA;;;SY)(A;;FA;;;BA)${(mode & 0o022) === 0 ? '' : everyone}`

/** Sets the DACL of a file. A socket cannot be connected to before it listens, so nobody is faster. */
export const restrictFile = (path: string, mode: number): void => {
  const descriptor = new BigUint64Array(1)
  advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl(mode), SDDL_REVISION_1, descriptor, null)
  const pointer = descriptor[0]!
  try {
    const which = (DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION) >>> 0
    advapi32.SetFileSecurityW(path, which, pointer)
  } catch (cause) {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'SetFileSecurityW',
      address: `unix:${path}`,
      detail: 'the system does not set permissions of this socket file',
      advice: 'put it into a directory that only this user may enter, and give no mode',
      cause,
    })
  } finally {
    kernel32.LocalFree(pointer)
  }
}
