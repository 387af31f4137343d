/**
 * Who may connect: access control lists in SDDL
 * (https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format).
 */
import { checkOptions, invalidArgument, invalidValue, sidOfProcess } from '@uds/winsock-ffi'
import { SDDL_REVISION_1 } from './constants.ts'
import { advapi32, kernel32 } from '../../libraries/win32.ts'

/** Who may connect to a pipe. */
export type PipeSecurity = 'current-user' | 'authenticated-users' | 'os-default' | { readonly sddl: string }

/**
 * Read, write and synchronise, without FILE_APPEND_DATA: on pipes that is FILE_CREATE_PIPE_INSTANCE, the right to add a
 * server of one's own (https://learn.microsoft.com/windows/win32/ipc/named-pipe-security-and-access-rights).
 */
const CONNECT_ONLY = '0x12019b'

const presets: ReadonlySet<unknown> = new Set(['current-user', 'authenticated-users', 'os-default'])

/**
 * Checks the option `security`, without a system call.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 */
export const checkSecurity = (security: PipeSecurity): PipeSecurity => {
  if (presets.has(security)) return security
  if (typeof security !== 'object' || security === null || typeof security.sddl !== 'string') {
    throw invalidArgument(
      'bind',
      'security',
      "'current-user', 'authenticated-users', 'os-default' or { sddl }",
      security,
    )
  }
  checkOptions(security, 'bind: security', ['sddl'])
  // Without one the system would put its default in the place, and everybody could read.
  if (!/D:/i.test(security.sddl)) {
    throw invalidValue(
      'bind',
      'security.sddl',
      'must say who may connect, by a list that begins with D: as in D:P(A;;GA;;;OW)',
      security.sddl,
    )
  }
  return security
}

/** The SDDL; undefined for the default of the system, which lets everybody read. */
export const sddlOf = (security: PipeSecurity): string | undefined => {
  const checked = checkSecurity(security)
  if (checked === 'os-default') return undefined
  if (typeof checked === 'object') return checked.sddl
  // P: nothing is inherited. GA: everything.
  const owner = `D:P(A;;GA;;;${sidOfProcess(process.pid)})`
  return checked === 'current-user' ? owner : `${owner}(A;;${CONNECT_ONLY};;;AU)`
}

/**
 * Lends a SECURITY_ATTRIBUTES.
 *
 * ```c
 * typedef struct _SECURITY_ATTRIBUTES { DWORD nLength; LPVOID lpSecurityDescriptor; BOOL bInheritHandle; }  // 24 bytes
 * ```
 */
export const withSecurity = <T>(sddl: string | undefined, use: (attributes: Buffer | null) => T): T => {
  if (sddl === undefined) return use(null)
  const descriptor = new BigInt64Array(1)
  const result = advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW.attempt(
    sddl,
    SDDL_REVISION_1,
    descriptor,
    null,
  )
  if (result < 0) {
    throw Object.assign(
      invalidValue('bind', 'security.sddl', `is no security descriptor (error ${-result})`, sddl),
      {
        nativeCode: -result,
      },
    )
  }
  try {
    const attributes = Buffer.alloc(24)
    attributes.writeUInt32LE(24, 0)
    attributes.writeBigInt64LE(descriptor[0]!, 8)
    return use(attributes)
  } finally {
    kernel32.LocalFree.attempt(descriptor[0]!)
  }
}
