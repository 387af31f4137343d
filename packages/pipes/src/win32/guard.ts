import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { traced } from '../trace.ts'
import { INFINITE } from './constants.ts'
import { kernel32 } from './prototypes.ts'

/**
 * Holds a mutex that is named after the path, so that two processes do not both find a stale file and the second removes
 * what the first has just bound. A mutex whose owner died is taken over (WAIT_ABANDONED).
 *
 * @see https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-createmutexw
 */
export const guarded = <T>(path: string, action: () => T): T => {
  const digest = createHash('sha256').update(resolve(path).toLowerCase()).digest('hex')
  const mutex = kernel32.CreateMutexW(null, 0, `Local\\uds-${digest}`)
  try {
    traced('WaitForSingleObject', mutex, () => kernel32.WaitForSingleObject(mutex, INFINITE))
    try {
      return action()
    } finally {
      kernel32.ReleaseMutex(mutex)
    }
  } finally {
    kernel32.CloseHandle(mutex)
  }
}
