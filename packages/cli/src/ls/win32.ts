import { readdirSync } from 'node:fs'
import { Failure } from '../exit/failure.ts'
import { FAILED } from '../terminal/terminal.ts'
import type { Entry, ListSockets } from './entry.ts'

/** The user of a pipe is in its name, when that comes from a `name:` address. */
const ownerOf = (name: string): string | undefined => /^uds-(S-1-[\d-]+)-/.exec(name)?.[1]

export const toEntry = (name: string): Entry => ({
  address: `pipe:${name}`,
  type: 'pipe',
  state: 'listening',
  user: ownerOf(name),
  processes: [],
})

/** The root of the file system of pipes; without the last backslash it is the device. */
const ROOT = '\\\\.\\pipe\\'

/**
 * Named pipes. The process of one can be asked only over a connection to it, which would disturb its server. Windows has
 * no list of AF_UNIX sockets.
 */
export const listSockets: ListSockets = () => {
  let names: string[]
  try {
    names = readdirSync(ROOT)
  } catch (error) {
    // Wine's pipes cannot be listed: NtQueryDirectoryFile fails on them.
    throw new Failure(
      FAILED,
      `the system does not list its pipes, as under Wine: ${(error as Error).message}`,
    )
  }
  return names.map(toEntry)
}
