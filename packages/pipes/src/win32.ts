/**
 * The calls of named pipes themselves, for packages that put them into another kind of waiting. Windows only; a program
 * wants `WinStream` and `WinListener`.
 *
 * @packageDocumentation
 */
export { createFirst, createNext, openPipe, waitForInstance } from './named-pipe/win32/create.ts'
export type { InstanceSettings, Opened } from './named-pipe/win32/create.ts'
export { isGone, pipeError } from './named-pipe/win32/pipe-errors.ts'
export { kernel32 } from './libraries/win32.ts'
export { hasPeerClosed } from './named-pipe/win32/information.ts'
export { NativeMemory } from './named-pipe/win32/native-memory.ts'
export { H_EVENT, OVERLAPPED_SIZE } from './named-pipe/win32/scratch.ts'
export { sddlOf } from './named-pipe/win32/security.ts'
export { tryLock } from '@uds/winsock-ffi/internal'
export {
  ERROR_BROKEN_PIPE,
  ERROR_IO_INCOMPLETE,
  ERROR_IO_PENDING,
  ERROR_MORE_DATA,
  ERROR_NO_DATA,
  ERROR_OPERATION_ABORTED,
  ERROR_PIPE_CONNECTED,
  ERROR_PIPE_NOT_CONNECTED,
  INVALID_HANDLE_VALUE,
  WAIT_TIMEOUT,
} from './named-pipe/win32/constants.ts'
