/** launch_activate_socket: the sockets that launchd of macOS has opened for this process. */
import { bindTable, libcLibrary, SocketError, type Bound, type Library } from '@uds/winsock-ffi'
import { codeOf, system } from '@uds/winsock-ffi/internal'
import { Passed, type PassedSocket } from './listen-fds.ts'

/** <launch.h> of libSystem, and the calls that read its answer. */
const rows = {
  /** `int launch_activate_socket(const char *name, int **fds, size_t *cnt)`: 0, or an errno. The caller frees the array */
  launch_activate_socket: { args: ['LPCSTR', 'void *', 'void *'], result: 'int', fails: 'nonzero' },
  /** `void *memcpy(void *dest, const void *src, size_t n)` - man 3 memcpy */
  memcpy: { args: ['void *', 'void *', 'size_t'], result: 'void *', fails: 'never' },
  /** `void free(void *ptr)` - man 3 free */
  free: { args: ['void *'], result: 'void', fails: 'never' },
} as const

export type LaunchdCalls = Bound<typeof rows>

/** @param library - Has all three calls. */
export const launchdCalls = (library: Library): LaunchdCalls => bindTable(library, rows)

const ofSystem: LaunchdCalls = launchdCalls(libcLibrary)

const details: Readonly<Record<string, string>> = {
  ENOENT: 'the property list of this job has no socket of that name (Sockets)',
  ESRCH: 'launchd did not start this process',
  EALREADY: 'the socket was taken already: launchd passes it once',
}

/** Makes the call, and copies what it returns. */
export const activate = (calls: LaunchdCalls, name: string): number[] => {
  const array = new BigUint64Array(1)
  const count = new BigUint64Array(1)
  try {
    calls.launch_activate_socket(name, array, count)
  } catch (error) {
    const code = codeOf(error) ?? 'UNKNOWN'
    const detail = details[code]
    if (detail === undefined) throw error
    throw new SocketError({ code, syscall: 'launch_activate_socket', address: name, detail, cause: error })
  }
  const fds = new Int32Array(Number(count[0]))
  if (array[0] !== 0n) {
    if (fds.length > 0) calls.memcpy(fds, array[0]!, fds.byteLength)
    calls.free(array[0]!)
  }
  return [...fds]
}

/**
 * The sockets that launchd of macOS passes to this process for one name of `Sockets` in its property list: several, as IPv4 and
 * IPv6 are two. launchd passes each name once. On Linux `listenFds()` returns those of systemd.
 *
 * @example
 * ```ts
 * const [passed] = launchdSockets('Listeners')
 * const server = await listen(passed!.address)
 * ```
 *
 * ## Platform behaviour
 * macOS; elsewhere `ENOTSUP`. It was tried with a library that stands in for launchd, and not on macOS yet.
 *
 * @throws SocketError `ENOENT` for a name that the property list has not, `ESRCH` when launchd did not start this process,
 *   `EALREADY` for the second call.
 * @see launch_activate_socket(3), launchd.plist(5)
 */
export const launchdSockets = (name: string): PassedSocket[] => {
  if (system !== 'darwin')
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'launch_activate_socket',
      detail: 'launchd is the service manager of macOS',
      advice: 'listenFds() returns the descriptors of systemd',
    })
  return activate(ofSystem, name).map((fd) => new Passed(fd, name))
}
