/** ws2_32.dll, kernel32.dll, advapi32.dll. */
import { defineLibrary, type Library } from '../../binding/library.ts'
import { system } from '../../system.ts'
import { systemError } from '../../errors/win32/error-codes.ts'

const unavailable =
  system === 'win32'
    ? undefined
    : 'it is a library of Windows; on this system use libc, or sockets, which run on both'

/**
 * A system DLL. Koffi keeps the error number of each thread's last call, so GetLastError as a further call still returns
 * it (https://koffi.dev/functions).
 */
const systemDll = (name: string): Library =>
  defineLibrary({
    name,
    files: [name],
    unavailable,
    // WSAGetLastError is GetLastError (both read the thread's last error), so one serves every DLL.
    lastError: (koffi) => {
      const getLastError = koffi.load('kernel32.dll').func('GetLastError', 'uint32_t', [])
      return () => getLastError() as number
    },
    toError: systemError,
  })

export const ws2_32Library: Library = systemDll('ws2_32.dll')
export const kernel32Library: Library = systemDll('kernel32.dll')
export const advapi32Library: Library = systemDll('advapi32.dll')
