/** closeHandle: CloseHandle. */
import { traced } from '../../trace.ts'
import { kernel32 } from '../../libraries/win32.ts'

export const closeHandle = (handle: number): void => {
  traced('CloseHandle', handle, () => kernel32.CloseHandle.attempt(handle))
}
