/** temporaryAddress: an address for the programs that this process starts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UNIX_PATH_MAX } from '@uds/winsock-ffi'
import { system } from '@uds/winsock-ffi/internal'

/** An address that no other process knows, and its removal. */
export interface TemporaryAddress extends Disposable {
  /** `unix:PATH` on POSIX, `pipe:NAME` on Windows: for `listen`, `connect`, an argument or a variable of a child. */
  readonly address: `unix:${string}` | `pipe:${string}`
}

const directories = new Set<string>()

const removeAll = (): void => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
}

/** The name of the socket in its directory. */
const SOCKET = 's'

/** TMPDIR may be so long that no socket fits into it; /tmp is there on every POSIX system. */
const base = (): string =>
  Buffer.byteLength(join(tmpdir(), 'uds-abcdef', SOCKET)) < UNIX_PATH_MAX ? tmpdir() : '/tmp'

const posix = (): TemporaryAddress => {
  // mkdtemp(3) makes the directory with mode 0700.
  const directory = mkdtempSync(join(base(), 'uds-'))
  if (directories.size === 0) process.once('exit', removeAll)
  directories.add(directory)
  return {
    address: `unix:${join(directory, SOCKET)}`,
    [Symbol.dispose]: () => {
      rmSync(directory, { recursive: true, force: true })
      directories.delete(directory)
      if (directories.size === 0) process.off('exit', removeAll)
    },
  }
}

const windows = (): TemporaryAddress => ({
  address: `pipe:uds-${crypto.randomUUID()}`,
  // A pipe has no file: it is gone with its server.
  [Symbol.dispose]: () => {},
})

/**
 * A fresh, short address for the children of this process: nobody else can enter its directory. The directory goes with
 * `Symbol.dispose`, and when the process exits; after `SIGKILL` an empty directory stays in TMPDIR.
 *
 * ## Platform behaviour
 * POSIX: `unix:` in a new directory of mode 0700 in TMPDIR. Windows: `pipe:` with a random name, which lets in the current
 * user only when `listen` of this package makes it.
 *
 * @throws Error of Node for a TMPDIR that cannot be written.
 */
export const temporaryAddress = (): TemporaryAddress => (system === 'win32' ? windows() : posix())
