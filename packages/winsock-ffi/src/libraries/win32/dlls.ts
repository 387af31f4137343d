/** ws2_32.dll, kernel32.dll, advapi32.dll. */
import { defineLibrary, type Library } from '../../binding/library.ts'
import { system } from '../../system.ts'
import { systemError } from '../../errors/win32/error-codes.ts'

const unavailable =
  system === 'win32'
    ? undefined
    : 'it is a library of Windows; on this system use libc, or sockets, which run on both'

/**
 * A system DLL. GetLastError as a further call still returns the error number of the last one: koffi keeps that of each
 * thread's last call (https://koffi.dev/functions), and node:ffi makes no call of the system in between.
 */
const systemDll = (name: string): Library =>
  defineLibrary({
    name,
    files: [name],
    unavailable,
    // WSAGetLastError is GetLastError (both read the thread's last error), so one serves every DLL.
    lastError: (backend) => {
      const getLastError = backend.load('kernel32.dll').func('GetLastError', 'uint32_t', [])
      return () => getLastError() as number
    },
    toError: systemError,
  })

export const ws2_32Library: Library = systemDll('ws2_32.dll')
export const kernel32Library: Library = systemDll('kernel32.dll')
export const advapi32Library: Library = systemDll('advapi32.dll')
