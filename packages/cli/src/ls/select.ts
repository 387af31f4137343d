import { Failure } from '../exit/failure.ts'
import { system, type System } from './platform.ts'
import { FAILED } from '../terminal/terminal.ts'
import { listSockets as darwin } from './darwin.ts'
import type { ListSockets } from './entry.ts'
import { listSockets as linux } from './linux.ts'
import { listSockets as win32 } from './win32.ts'

const other: ListSockets = () => {
  throw new Failure(FAILED, 'nobody has written down yet where this system lists its sockets')
}

const lists: Readonly<Record<System, ListSockets>> = { linux, darwin, win32, other }

/** Lists the local sockets of this system, or its pipes. */
export const listSockets: ListSockets = lists[system]
