/**
 * The name of a pipe that workers of node:cluster share: each has instances of its own, and the system connects a client to any
 * that is free.
 */
import { createFirst, createNext, kernel32, type InstanceSettings } from '@uds/pipes/win32'
import { codeOf } from '@uds/winsock-ffi/internal'

/** Milliseconds between the first instance of another worker and its mark, at most. */
const MARK_MS = 200

export interface SharedName {
  /** The first instance of this process. */
  readonly handle: number
  /** Called when it listens no more. */
  release(): void
}

/** An event that exists while a worker of this primary process listens there; it is set once one has the name. */
const openMark = (name: string): number =>
  kernel32.CreateEventW(
    null,
    1,
    0,
    `Local\\uds-cluster-${process.ppid}-${name.toLowerCase().replaceAll('\\', '/')}`,
  )

/**
 * Claims a name, or joins the workers of the same primary process that have it.
 *
 * @throws SocketError `EADDRINUSE` when another process has it.
 */
export const claimShared = (settings: InstanceSettings, rejectRemote: boolean): SharedName => {
  const mark = openMark(settings.name)
  const release = (): void => void kernel32.CloseHandle.attempt(mark)
  try {
    const handle = createFirst(settings, rejectRemote)
    kernel32.SetEvent(mark)
    return { handle, release }
  } catch (error) {
    try {
      const isOurs =
        codeOf(error) === 'EADDRINUSE' && kernel32.WaitForSingleObject.attempt(mark, MARK_MS) === 0
      if (!isOurs) throw error
      return { handle: createNext(settings, rejectRemote), release }
    } catch (failure) {
      release()
      throw failure
    }
  }
}
