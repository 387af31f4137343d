/** One process at a time at a socket file, whatever another user has put in the place of the lock file. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { codeOfCall, spawnScript, tempDir } from '@uds/testkit'
import {
  isFileLocked,
  ownSid,
  system,
  tryLock,
  withFileLock,
  withFileLockSync,
} from '@uds/winsock-ffi/internal'
import { ownerOfFile } from '../src/file-lock/file-owner.ts'

const onWindows = system === 'win32'
const OTHER = 65_534

// Locks that cannot be beside their socket are in the user's own directory.
beforeAll(() => void vi.stubEnv('XDG_RUNTIME_DIR', tempDir()))
afterAll(() => void vi.unstubAllEnvs())

/** Runs two actions under the lock of one path at once; true when neither ran while the other did. */
const excludes = async (path: string): Promise<boolean> => {
  let running = 0
  let most = 0
  const action = async (): Promise<void> => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
  }
  await Promise.all(Array.from({ length: 4 }, () => withFileLock(path, undefined, action)))
  return most === 1
}

describe('a lock', () => {
  test('is had by one at a time, and leaves no file', async () => {
    const directory = tempDir()
    expect(await excludes(join(directory, 's'))).toBe(true)
    expect(readdirSync(directory)).toEqual([])
  })

  test('ends when the action throws, and the error is the caller’s', async () => {
    const path = join(tempDir(), 's')
    const failed = new Error('mine')
    await expect(withFileLock(path, undefined, () => Promise.reject(failed))).rejects.toBe(failed)
    expect(withFileLockSync(path, () => 'free')).toBe('free')
  })

  test('is given up waiting for with the reason of the signal', async () => {
    const path = join(tempDir(), 's')
    const over = Promise.withResolvers<void>()
    const held = withFileLock(path, undefined, () => over.promise)
    const reason = new Error('no longer wanted')
    await expect(withFileLock(path, AbortSignal.abort(reason), () => 'ran')).rejects.toBe(reason)
    over.resolve()
    await held
  })

  test('in a directory that is missing is none, and the action finds out what is wrong', () => {
    expect(withFileLockSync(join(tempDir(), 'missing', 's'), () => 'ran')).toBe('ran')
  })

  test('of a process that is killed is free', async () => {
    const path = join(tempDir(), 's')
    const child = spawnScript(new URL('./fixtures/hold-lock.ts', import.meta.url), [path])
    await child.waitForLine(/^locked$/)
    await child.kill()
    expect(await withFileLock(path, undefined, () => 'ran')).toBe('ran')
  })
})

describe.skipIf(onWindows)('what another user can put in the place of the lock file', () => {
  const plant: [string, (file: string) => void][] = [
    ['a FIFO', (file) => execFileSync('mkfifo', [file])],
    ['a directory', (file) => mkdirSync(file)],
    ['a link', (file) => symlinkSync(join(file, '..', 'elsewhere'), file)],
    ['a file that others may open', (file) => writeFileSync(file, '')],
    [
      'a second name of a file',
      (file) => {
        writeFileSync(`${file}.first`, '', { mode: 0o600 })
        linkSync(`${file}.first`, file)
      },
    ],
  ]

  test.each(plant)('%s is left alone, and the lock still excludes', async (_, make) => {
    const directory = tempDir()
    chmodSync(directory, 0o1777)
    const path = join(directory, 's')
    make(`${path}.lock`)
    const before = readdirSync(directory)
    expect(await excludes(path)).toBe(true)
    expect(withFileLockSync(path, () => 'ran')).toBe('ran')
    expect(readdirSync(directory)).toEqual(before)
    expect(lstatSync(`${path}.lock`)).toBeDefined()
  })

  test.skipIf(process.geteuid?.() !== 0)(
    'a file that he holds locked for ever is not waited for',
    async () => {
      const directory = tempDir()
      chmodSync(directory, 0o1777)
      const path = join(directory, 's')
      writeFileSync(`${path}.lock`, '')
      chmodSync(`${path}.lock`, 0o666)
      chownSync(`${path}.lock`, OTHER, OTHER)
      const child = spawnScript(new URL('./fixtures/hold-lock.ts', import.meta.url), [path, String(OTHER)])
      await child.waitForLine(/^locked$/)
      expect(await excludes(path)).toBe(true)
      expect(withFileLockSync(path, () => 'ran')).toBe('ran')
      await child.kill()
    },
  )
})

describe.skipIf(!onWindows)('on Windows', () => {
  test('a file that is open without sharing still has an owner, and is known to be locked', () => {
    const path = join(tempDir(), 's')
    const lock = tryLock(`${path}.lock`) as number
    expect(ownerOfFile(`${path}.lock`)).toMatch(new RegExp(`^(${ownSid()}|S-1-5-32-544)$`))
    expect(isFileLocked(path)).toBe(true)
    closeSync(lock)
    expect(isFileLocked(path)).toBe(false)
    expect(ownerOfFile(`${path}.lock`)).toBeUndefined()
  })
})

test.skipIf(onWindows)('a descriptor that the lock has open is closed in the end', () => {
  const path = join(tempDir(), 's')
  const first = openSync('/dev/null', 'r')
  closeSync(first)
  withFileLockSync(path, () => 'ran')
  expect(codeOfCall(() => withFileLockSync(path, () => closeSync(first + 100)))).toBe('EBADF')
  const second = openSync('/dev/null', 'r')
  closeSync(second)
  expect(second).toBe(first)
})
