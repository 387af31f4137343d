/** Named pipes of Windows, by the directory of the pipe file system. */
import { readdirSync } from 'node:fs'
import { CommandFailure } from '../exit/failure.ts'
import { FAILED } from '../exit/exit-codes.ts'
import type { Entry, ListSockets } from './entry.ts'

/** The pipe of a `name:` address has the SID of its user in its name. */
const ownerOf = (name: string): string | undefined => /^uds-(S-1-[\d-]+)-/.exec(name)?.[1]

export const toEntry = (name: string): Entry => ({
  address: `pipe:${name}`,
  type: 'pipe',
  state: 'listening',
  user: ownerOf(name),
  processes: [],
})

/** The root of the pipe file system; without the last backslash it is the device. */
const ROOT = '\\\\.\\pipe\\'

/**
 * Lists named pipes. The process of a pipe is known only to its clients, and a connection would disturb the server.
 * Windows has no list of AF_UNIX sockets.
 */
export const listSockets: ListSockets = () => {
  let names: string[]
  try {
    names = readdirSync(ROOT)
  } catch (error) {
    // Wine's pipes cannot be listed: NtQueryDirectoryFile fails on them.
    throw new CommandFailure(
      FAILED,
      `the system does not list its pipes, as under Wine: ${(error as Error).message}`,
    )
  }
  return names.map(toEntry)
}
