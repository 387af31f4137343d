/** listSockets: the twin of this system. */
import { CommandFailure } from '../exit/failure.ts'
import { system, type System } from '@uds/winsock-ffi/internal'
import { FAILED } from '../exit/exit-codes.ts'
import { listSockets as darwin } from './darwin.ts'
import type { ListSockets } from './entry.ts'
import { listSockets as linux } from './linux.ts'
import { listSockets as win32 } from './win32.ts'

const unsupported: ListSockets = () => {
  throw new CommandFailure(FAILED, 'uds ls reads the sockets of Linux, macOS and Windows only')
}

const lists: Readonly<Record<System, ListSockets>> = { linux, darwin, win32, other: unsupported }

/** The local sockets of this system, or its pipes. */
export const listSockets: ListSockets = lists[system]
