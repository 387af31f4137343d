/** Completion ports, ResetEvent, uv_open_osfhandle: the calls of this room that @uds/pipes does not bind. */
import {
  bindTable,
  defineLibrary,
  kernel32Library,
  SocketError,
  type Bound,
  type Library,
} from '@uds/winsock-ffi'

const rows = {
  /** ioapiset.h: `HANDLE CreateIoCompletionPort(HANDLE file, HANDLE port, ULONG_PTR key, DWORD threads)` */
  CreateIoCompletionPort: { args: ['HANDLE', 'HANDLE', 'size_t', 'DWORD'], result: 'HANDLE', fails: 'zero' },
  /** ioapiset.h: `BOOL GetQueuedCompletionStatusEx(HANDLE, LPOVERLAPPED_ENTRY, ULONG count, PULONG removed, DWORD ms, BOOL alertable)` */
  GetQueuedCompletionStatusEx: {
    args: ['HANDLE', 'void *', 'DWORD', 'void *', 'DWORD', 'BOOL'],
    result: 'BOOL',
    fails: 'zero',
  },
  /** ioapiset.h: `BOOL PostQueuedCompletionStatus(HANDLE, DWORD bytes, ULONG_PTR key, LPOVERLAPPED)` */
  PostQueuedCompletionStatus: {
    args: ['HANDLE', 'DWORD', 'size_t', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
  /** synchapi.h: `BOOL ResetEvent(HANDLE)` */
  ResetEvent: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
} as const

export const kernel32: Bound<typeof rows> = bindTable(kernel32Library, rows)

/** libuv, which node.exe exports for addons. */
const libuv: Library = defineLibrary({
  name: 'libuv',
  files: [null],
  lastError: () => () => 0,
  toError: (nativeCode, syscall) =>
    new SocketError({
      code: 'ENOTSUP',
      syscall,
      nativeCode,
      detail: 'the engine refuses the pipe as a descriptor of its loop',
    }),
})

const libuvRows = {
  /** `int uv_open_osfhandle(uv_os_fd_t os_fd)`: a C runtime descriptor that owns the HANDLE - https://docs.libuv.org/en/v1.x/fs.html */
  uv_open_osfhandle: { args: ['HANDLE'], result: 'int', fails: 'negative' },
} as const

export const uv: Bound<typeof libuvRows> = bindTable(libuv, libuvRows)
