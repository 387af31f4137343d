/** Who owns a file (Windows). */
import { bindTable, type Bound } from '../binding/bind-table.ts'
import { sidToString } from '../credentials/sid.ts'
import { advapi32Library } from '../libraries/win32/dlls.ts'

const rows = {
  /** `BOOL GetFileSecurityW(LPCWSTR, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, DWORD length, LPDWORD needed)` - winbase.h */
  GetFileSecurityW: {
    args: ['LPCWSTR', 'DWORD', 'void *', 'DWORD', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
} as const

const advapi32: Bound<typeof rows> = bindTable(advapi32Library, rows)

/** winnt.h */
const OWNER_SECURITY_INFORMATION = 1
/** A self-relative SECURITY_DESCRIPTOR ([MS-DTYP] 2.4.6) of 20 bytes, and a SID of 68 at most. */
const ROOM = 20 + 68
/** The offset of OffsetOwner in it. */
const OFFSET_OWNER = 4

/**
 * The SID of a file's owner; undefined where the system does not say. It takes no right to read the file, so another
 * process may have it open without sharing.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-getfilesecuritya
 */
export const ownerOfFile = (file: string): string | undefined => {
  const descriptor = Buffer.alloc(ROOM)
  try {
    advapi32.GetFileSecurityW(file, OWNER_SECURITY_INFORMATION, descriptor, ROOM, new Uint32Array(1))
  } catch {
    return undefined
  }
  const owner = descriptor.readUInt32LE(OFFSET_OWNER)
  return owner === 0 ? undefined : sidToString(descriptor.subarray(owner))
}
