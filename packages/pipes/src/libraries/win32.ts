/**
 * What named pipes need of kernel32, advapi32 and ntdll, a row a call. The page of each is
 * https://learn.microsoft.com/windows/win32/api/HEADER/nf-HEADER-NAME with the header named above the rows and the name
 * in lower case, as https://learn.microsoft.com/windows/win32/api/namedpipeapi/nf-namedpipeapi-connectnamedpipe.
 */
import { advapi32Library, bindTable, kernel32Library, type Bound } from '@uds/winsock-ffi'

export const kernel32Rows = {
  // namedpipeapi.h, winbase.h
  /** `HANDLE CreateNamedPipeW(LPCWSTR, DWORD open, DWORD mode, DWORD instances, DWORD out, DWORD in, DWORD timeout, LPSECURITY_ATTRIBUTES)` */
  CreateNamedPipeW: {
    args: ['LPCWSTR', 'DWORD', 'DWORD', 'DWORD', 'DWORD', 'DWORD', 'DWORD', 'void *'],
    result: 'HANDLE',
    fails: 'negative',
  },
  /** `BOOL ConnectNamedPipe(HANDLE hNamedPipe, LPOVERLAPPED)` */
  ConnectNamedPipe: { args: ['HANDLE', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `BOOL PeekNamedPipe(HANDLE, LPVOID buffer, DWORD size, LPDWORD read, LPDWORD total, LPDWORD leftThisMessage)` */
  PeekNamedPipe: {
    args: ['HANDLE', 'void *', 'DWORD', 'void *', 'void *', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
  /** `BOOL WaitNamedPipeW(LPCWSTR, DWORD timeout)` */
  WaitNamedPipeW: { args: ['LPCWSTR', 'DWORD'], result: 'BOOL', fails: 'zero' },
  /** `BOOL SetNamedPipeHandleState(HANDLE, LPDWORD mode, LPDWORD, LPDWORD)` */
  SetNamedPipeHandleState: { args: ['HANDLE', 'void *', 'void *', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `BOOL GetNamedPipeInfo(HANDLE, LPDWORD flags, LPDWORD out, LPDWORD in, LPDWORD instances)` */
  GetNamedPipeInfo: {
    args: ['HANDLE', 'void *', 'void *', 'void *', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
  /** `BOOL GetNamedPipeHandleStateW(HANDLE, LPDWORD state, LPDWORD instances, LPDWORD, LPDWORD, LPWSTR user, DWORD size)` */
  GetNamedPipeHandleStateW: {
    args: ['HANDLE', 'void *', 'void *', 'void *', 'void *', 'void *', 'DWORD'],
    result: 'BOOL',
    fails: 'zero',
  },
  /** `BOOL GetNamedPipeClientProcessId(HANDLE, PULONG)` */
  GetNamedPipeClientProcessId: { args: ['HANDLE', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `BOOL GetNamedPipeServerProcessId(HANDLE, PULONG)` */
  GetNamedPipeServerProcessId: { args: ['HANDLE', 'void *'], result: 'BOOL', fails: 'zero' },
  // fileapi.h
  /** `HANDLE CreateFileW(LPCWSTR, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES, DWORD disposition, DWORD flags, HANDLE)` */
  CreateFileW: {
    args: ['LPCWSTR', 'DWORD', 'DWORD', 'void *', 'DWORD', 'DWORD', 'HANDLE'],
    result: 'HANDLE',
    fails: 'negative',
  },
  /** `BOOL ReadFile(HANDLE, LPVOID buffer, DWORD size, LPDWORD read, LPOVERLAPPED)` */
  ReadFile: { args: ['HANDLE', 'void *', 'DWORD', 'void *', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `BOOL WriteFile(HANDLE, LPCVOID data, DWORD size, LPDWORD written, LPOVERLAPPED)` */
  WriteFile: { args: ['HANDLE', 'void *', 'DWORD', 'void *', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `DWORD GetFileType(HANDLE)`: FILE_TYPE_UNKNOWN, 0, for what is no handle */
  GetFileType: { args: ['HANDLE'], result: 'DWORD', fails: 'never' },
  /** `BOOL FlushFileBuffers(HANDLE)` */
  FlushFileBuffers: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  // ioapiset.h
  /** `BOOL CancelIoEx(HANDLE, LPOVERLAPPED)` */
  CancelIoEx: { args: ['HANDLE', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `BOOL GetOverlappedResult(HANDLE, LPOVERLAPPED, LPDWORD transferred, BOOL wait)` */
  GetOverlappedResult: { args: ['HANDLE', 'void *', 'void *', 'BOOL'], result: 'BOOL', fails: 'zero' },
  /** `BOOL CancelSynchronousIo(HANDLE thread)` */
  CancelSynchronousIo: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  // handleapi.h
  /** `BOOL CloseHandle(HANDLE)` */
  CloseHandle: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  // synchapi.h
  /** `HANDLE CreateEventW(LPSECURITY_ATTRIBUTES, BOOL manualReset, BOOL initial, LPCWSTR)` */
  CreateEventW: { args: ['void *', 'BOOL', 'BOOL', 'LPCWSTR'], result: 'HANDLE', fails: 'zero' },
  /** `BOOL SetEvent(HANDLE)` */
  SetEvent: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  /** `DWORD WaitForSingleObject(HANDLE, DWORD ms)` */
  WaitForSingleObject: { args: ['HANDLE', 'DWORD'], result: 'DWORD', fails: 'WAIT_FAILED' },
  /** `DWORD WaitForMultipleObjects(DWORD, const HANDLE *, BOOL all, DWORD ms)` */
  WaitForMultipleObjects: {
    args: ['DWORD', 'void *', 'BOOL', 'DWORD'],
    result: 'DWORD',
    fails: 'WAIT_FAILED',
  },
  // processthreadsapi.h, libloaderapi.h
  /** `HANDLE CreateThread(LPSECURITY_ATTRIBUTES, SIZE_T stack, LPTHREAD_START_ROUTINE, LPVOID, DWORD flags, LPDWORD id)`; the parameter is a HANDLE here */
  CreateThread: {
    args: ['void *', 'size_t', 'void *', 'HANDLE', 'DWORD', 'void *'],
    result: 'HANDLE',
    fails: 'zero',
  },
  /** `BOOL GetExitCodeThread(HANDLE, LPDWORD)` */
  GetExitCodeThread: { args: ['HANDLE', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `HMODULE GetModuleHandleW(LPCWSTR)` */
  GetModuleHandleW: { args: ['LPCWSTR'], result: 'HANDLE', fails: 'zero' },
  /** `FARPROC GetProcAddress(HMODULE, LPCSTR)` */
  GetProcAddress: { args: ['HANDLE', 'LPCSTR'], result: 'void *', fails: 'zero' },
  // winbase.h
  /** `HLOCAL LocalAlloc(UINT flags, SIZE_T bytes)` */
  LocalAlloc: { args: ['unsigned int', 'size_t'], result: 'void *', fails: 'zero' },
  /** `HLOCAL LocalFree(HLOCAL)`: NULL when it worked */
  LocalFree: { args: ['void *'], result: 'void *', fails: 'never' },
  // wdm.h
  /** `void RtlMoveMemory(void *to, const void *from, size_t length)` */
  RtlMoveMemory: { args: ['void *', 'void *', 'size_t'], result: 'void', fails: 'never' },
} as const

export const kernel32: Bound<typeof kernel32Rows> = bindTable(kernel32Library, kernel32Rows)

export const advapi32Rows = {
  /** sddl.h: `BOOL ConvertStringSecurityDescriptorToSecurityDescriptorW(LPCWSTR, DWORD revision, PSECURITY_DESCRIPTOR *, PULONG size)` */
  ConvertStringSecurityDescriptorToSecurityDescriptorW: {
    args: ['LPCWSTR', 'DWORD', 'void *', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
} as const

export const advapi32: Bound<typeof advapi32Rows> = bindTable(advapi32Library, advapi32Rows)
