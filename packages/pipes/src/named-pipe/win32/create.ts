/** Making the two ends of a pipe. */
import { SocketError } from '@uds/winsock-ffi'
import { traced } from '../../trace.ts'
import { closeHandle } from './close-handle.ts'
import {
  ERROR_ACCESS_DENIED,
  ERROR_PIPE_BUSY,
  FILE_FLAG_FIRST_PIPE_INSTANCE,
  FILE_FLAG_OVERLAPPED,
  OPEN_EXISTING,
  PIPE_ACCESS_DUPLEX,
  PIPE_ACCESS_INBOUND,
  PIPE_ACCESS_OUTBOUND,
  PIPE_READMODE_BYTE,
  PIPE_READMODE_MESSAGE,
  PIPE_REJECT_REMOTE_CLIENTS,
  PIPE_TYPE_BYTE,
  PIPE_TYPE_MESSAGE,
  PIPE_UNLIMITED_INSTANCES,
  SECURITY_IDENTIFICATION,
  SECURITY_SQOS_PRESENT,
} from './constants.ts'
import type { PipeDirection } from './pipe-cells.ts'
import { nameInUse, pipeError } from './pipe-errors.ts'
import { directionOf, instancesOf } from './information.ts'
import { kernel32 } from '../../libraries/win32.ts'
import { withSecurity } from './security.ts'

const ACCESS: Readonly<Record<PipeDirection, number>> = {
  both: PIPE_ACCESS_DUPLEX,
  in: PIPE_ACCESS_INBOUND,
  out: PIPE_ACCESS_OUTBOUND,
}

/** How the instances of a listener are made; it travels in its token. */
export interface InstanceSettings {
  readonly name: string
  readonly message: boolean
  readonly bufferSize: number
  readonly sddl: string | undefined
  /** Both ways unless set. */
  readonly direction?: PipeDirection | undefined
}

const create = (settings: InstanceSettings, first: boolean, rejectRemote: boolean): number => {
  const open =
    ACCESS[settings.direction ?? 'both'] | FILE_FLAG_OVERLAPPED | (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0)
  const kind = settings.message
    ? PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE
    : PIPE_TYPE_BYTE | PIPE_READMODE_BYTE
  const mode = kind | (rejectRemote ? PIPE_REJECT_REMOTE_CLIENTS : 0)
  const { bufferSize } = settings
  return withSecurity(settings.sddl, (attributes) =>
    traced('CreateNamedPipeW', settings.name, () =>
      kernel32.CreateNamedPipeW.attempt(
        settings.name,
        open,
        mode,
        PIPE_UNLIMITED_INSTANCES,
        bufferSize,
        bufferSize,
        0,
        attributes,
      ),
    ),
  )
}

/**
 * Claims a name with its first instance.
 *
 * @throws SocketError `EADDRINUSE`.
 */
export const createFirst = (settings: InstanceSettings, rejectRemote: boolean): number => {
  const handle = create(settings, true, rejectRemote)
  if (-handle === ERROR_ACCESS_DENIED || -handle === ERROR_PIPE_BUSY) throw nameInUse(settings.name, -handle)
  if (handle < 0) throw pipeError(-handle, 'CreateNamedPipeW', settings.name)
  // Wine does not honour FILE_FLAG_FIRST_PIPE_INSTANCE, and the pipe was joined instead.
  if (instancesOf(handle) > 1) {
    closeHandle(handle)
    throw nameInUse(settings.name)
  }
  return handle
}

/** One more instance of a name that is claimed. */
export const createNext = (settings: InstanceSettings, rejectRemote: boolean): number => {
  const handle = create(settings, false, rejectRemote)
  if (handle < 0) throw pipeError(-handle, 'CreateNamedPipeW', settings.name)
  return handle
}

/**
 * FILE_READ_DATA, FILE_WRITE_DATA, both ATTRIBUTES, READ_CONTROL, SYNCHRONIZE (winnt.h). GENERIC_WRITE would ask for the
 * right to create instances as well, which a careful server does not grant.
 */
const CONNECT = 0x0012_0183
/** The same without FILE_WRITE_ATTRIBUTES, which only message mode needs. */
const CONNECT_ONLY = 0x0012_0083
/** For pipes of one way: FILE_READ_DATA or FILE_WRITE_DATA alone. */
const READ_ONLY = 0x0012_0181
const WRITE_ONLY = 0x0012_0182
/** In this order: a pipe that is closed to this user refuses them all. */
const RIGHTS: readonly (readonly [rights: number, direction: PipeDirection])[] = [
  [CONNECT, 'both'],
  [CONNECT_ONLY, 'both'],
  [READ_ONLY, 'out'],
  [WRITE_ONLY, 'in'],
]

const open = (name: string, access: number): number =>
  traced('CreateFileW', name, () =>
    kernel32.CreateFileW.attempt(
      name,
      access,
      0,
      null,
      OPEN_EXISTING,
      // The server may learn who connects, and may not act in its name.
      FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
      0,
    ),
  )

const openWithin = (name: string): { readonly handle: number; readonly direction: PipeDirection } => {
  for (const [rights, direction] of RIGHTS) {
    const handle = open(name, rights)
    // Wine grants more than the pipe has.
    if (handle >= 0) return { handle, direction: directionOf(handle) ?? direction }
    if (-handle !== ERROR_ACCESS_DENIED) return { handle, direction }
  }
  return { handle: -ERROR_ACCESS_DENIED, direction: 'both' }
}

/** True for a pipe that carries messages. */
const isMessagePipe = (handle: number): boolean => {
  const flags = new Uint32Array(1)
  traced('GetNamedPipeInfo', handle, () => kernel32.GetNamedPipeInfo(handle, flags, null, null, null))
  return (flags[0]! & PIPE_TYPE_MESSAGE) !== 0
}

const readMessages = (handle: number): void => {
  const mode = Uint32Array.of(PIPE_READMODE_MESSAGE)
  traced('SetNamedPipeHandleState', handle, () => kernel32.SetNamedPipeHandleState(handle, mode, null, null))
}

/** A client's end. */
export interface Opened {
  readonly handle: number
  readonly message: boolean
  readonly direction: PipeDirection
}

/**
 * Connects to a pipe, once.
 *
 * @throws SocketError `ENOENT` without a pipe, `EBUSY` when all its instances are taken, `EACCES`.
 */
export const openPipe = (name: string): Opened => {
  const { handle, direction } = openWithin(name)
  if (handle < 0) throw pipeError(-handle, 'CreateFileW', name)
  try {
    const message = isMessagePipe(handle)
    if (message) readMessages(handle)
    return { handle, message, direction }
  } catch (error) {
    closeHandle(handle)
    throw error instanceof SocketError && error.nativeCode !== undefined
      ? pipeError(error.nativeCode, error.syscall, name)
      : error
  }
}

/** Waits for a free instance, up to `ms` milliseconds. @returns False when there is no such pipe. */
export const waitForInstance = (name: string, ms: number): boolean =>
  traced('WaitNamedPipeW', name, () => kernel32.WaitNamedPipeW.attempt(name, Math.max(1, Math.ceil(ms)))) >= 0
