/**
 * For the other packages of this workspace: every public name, what each of them needs to know besides, and what stands
 * here once. No promise is made about these names; a program uses the packages themselves. Loads no koffi.
 *
 * @internal
 * @packageDocumentation
 */
export * from './index.ts'
export { system, type System } from './system.ts'

// The JavaScript runtime
export { runtime, runtimeName, type Runtime } from './runtime/runtime.ts'
export { net } from './runtime/net.ts'
export { netSocketOf } from './runtime/net-socket.ts'
export { statDescriptor } from './runtime/stat-descriptor.ts'
export { debugLog, type DebugLog } from './runtime/debug-log.ts'

// The system calls themselves, for tests that make them fail
export { addressOf, interposeBackend } from './binding/load-backend.ts'
export type { Pointer } from './binding/ctypes.ts'
export type { Backend, NativeFunction, NativeLibrary } from './binding/backend.ts'

// Checks of options
export {
  boolean,
  checkFunction,
  checkSignal,
  count,
  INT_MAX,
  integer,
  LONGEST_TIMER,
  milliseconds,
  ofType,
  oneOf,
} from './options/values.ts'

// Who is the same user
export {
  describePeer,
  isSameUser,
  serverDifference,
  thisProcess,
  userDifference,
  whyNobodyIsSameUser,
} from './identity/same-user.ts'
export { ownUid } from './identity/posix.ts'
export { ownSid } from './identity/win32.ts'

// Addresses as text and as objects
export { fullPipeName, isComputerName, LONGEST_PIPE_NAME } from './address-text/pipe-name.ts'
export { formatAddress } from './address-text/format-address.ts'
export { parseAddress, type ParseOptions } from './address-text/parse-address.ts'
export type {
  AbstractAddress,
  Address,
  FdAddress,
  MemoryAddress,
  NameAddress,
  PipeAddress,
  SocketAddressObject,
  SocketAddressText,
  TcpAddress,
  VsockTextAddress,
  UnixPathAddress,
  UnixTarget,
} from './address-text/types.ts'

// Where bare names lead
export { clientAddressOfName, describeNames, explainName, serverAddressOfName } from './names/names.ts'

// The socket calls of this system, by the numbers of handles
export { systemCalls } from './system-calls/select.ts'

// One process at a time at a socket file
export { isFileLocked, withFileLock, withFileLockSync } from './file-lock/file-lock.ts'
export { tryLock } from './file-lock/win32.ts'

// The code of a thrown value
export { parentFault } from './names/posix/safe-directory.ts'
export { privateName, publicName, randomPart } from './socket-file/private-name.ts'
export { codeOf } from './errors/error-code.ts'

// What passes by itself
export { Backoff, CONNECT_PAUSES, FULL_RECEIVER_PAUSES, type BackoffSettings } from './retry/backoff.ts'
export { isBusy, isScarcity, mayConnectLater } from './retry/passing.ts'

// The file of an AF_UNIX socket
export { fileError } from './errors/file-error.ts'
export {
  fitsSocketAddress,
  requireReachablePath,
  shortPath,
  type ShortPath,
} from './socket-file/short-path.ts'

// Options of listeners
export { DEFAULT_BACKLOG, readBacklog } from './sockets/backlog.ts'

// Options that are misspelt
export { nearestName } from './options/nearest-name.ts'

// What the thread of watch() needs
export { pollBackend } from './watch/select.ts'

// Sockets that a terminated thread left open
export { closeOrphans, markThread, unmarkThread } from './thread-end/orphans.ts'
