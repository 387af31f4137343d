/**
 * The calls of named pipes themselves, for packages that put them into another kind of waiting. Windows only; a program
 * wants `WinStream` and `WinListener`.
 *
 * @packageDocumentation
 */
export { createFirst, createNext, openPipe, waitForInstance } from './create.ts'
export type { InstanceSettings, Opened } from './create.ts'
export { isGone, pipeError } from './failures.ts'
export { kernel32 } from './prototypes.ts'
export { hasPeerClosed } from './information.ts'
export { NativeMemory } from './native-memory.ts'
export { H_EVENT, OVERLAPPED_SIZE } from './scratch.ts'
export { sddlOf } from './security.ts'
export { tryLock } from './try-lock.ts'
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
} from './constants.ts'
