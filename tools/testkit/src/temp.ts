import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './cleanup.ts'
import { isWindows } from './system.ts'

// sun_path holds 104 bytes on macOS with its closing NUL (unix(4)) and 108 on Linux (unix(7)) and Windows.
const LONGEST_SOCKET_PATH = 103

/** Directories longer than this leave too little room for a socket's name. */
const LONGEST_BASE = 70

const base = (): string => {
  const dir = tmpdir()
  return !isWindows && Buffer.byteLength(dir) > LONGEST_BASE ? '/tmp' : dir
}

const remove = (dir: string): void => {
  try {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    if (!isWindows) throw error
    // Wine's fs.unlink fails with UNKNOWN on a socket file, where DeleteFileW, which `rd` calls, succeeds.
    spawnSync('cmd.exe', ['/d', '/c', 'rd', '/s', '/q', dir], { stdio: 'ignore' })
  }
}

/**
 * A new, empty directory with a short path, so that socket files fit into `sun_path`.
 * It is removed when the running test ends, or at the end of the file when called outside a test.
 */
export const tempDir = (): string => {
  const dir = mkdtempSync(join(base(), 'u-'))
  atEnd(() => remove(dir))
  return dir
}

/**
 * A path for a socket in a directory of its own; nothing exists there yet.
 *
 * @param name - the file's name.
 * @throws RangeError when the path is longer than 103 bytes, the least that all systems take.
 */
export const socketPath = (name = 's'): string => {
  const path = join(tempDir(), name)
  const bytes = Buffer.byteLength(path)
  if (bytes > LONGEST_SOCKET_PATH) {
    throw new RangeError(
      `The socket path ${path} has ${bytes} bytes, more than ${LONGEST_SOCKET_PATH}: set TMPDIR to a shorter directory`,
    )
  }
  return path
}

/** A name nothing else on this machine uses: for named pipes (`\\.\pipe\` + name) and abstract sockets. */
export const freshName = (): string => `u-${process.pid}-${randomBytes(6).toString('hex')}`
