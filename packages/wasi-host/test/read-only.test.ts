/** Directories that a guest may read and not change. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { WasiHost } from '../src/index.ts'
import { preview1 } from './builder/module.ts'
import { drive, OUT, waits, type Driven } from './driver.ts'

const EROFS = 69
const SUCCESS = 0
/** The read-only directory and the other one. */
const [FIXED, FREE] = [3, 4]
const NAME = 512
const OTHER = 640
const READ = 1n << 1n
const WRITE = 1n << 6n

const imports = preview1(
  'path_open:iiiiiIIii',
  'path_create_directory:iii',
  'path_link:iiiiiii',
  'path_rename:iiiiii',
  'path_symlink:iiiii',
  'path_unlink_file:iii',
  'path_remove_directory:iii',
  'path_filestat_set_times:iiiiIIi',
  'path_filestat_get:iiiii',
  'fd_read:iiii',
  'fd_filestat_set_size:iI',
)

const open = (
  guest: Driven,
  fd: number,
  name: number,
  length: number,
  oflags: number,
  rights: bigint,
): Promise<number> => guest.call('path_open', fd, 0, name, length, oflags, rights, rights, 0, OUT)

describe.each(waits)('a read-only directory under %s', (wait) => {
  const start = async (): Promise<{ guest: Driven; dir: string }> => {
    const dir = tempDir()
    for (const each of ['fixed', 'free', 'fixed/inside']) mkdirSync(join(dir, each))
    for (const each of ['fixed/file', 'fixed/inside/file', 'free/file'])
      writeFileSync(join(dir, each), 'as it was')
    const guest = await drive({
      imports,
      host: {
        wait,
        preopens: { '/fixed': { path: join(dir, 'fixed'), readOnly: true }, '/free': join(dir, 'free') },
      },
    })
    await guest.put(NAME, 'file')
    await guest.put(OTHER, 'new')
    return { guest, dir }
  }
  test('everything that would change it is EROFS', async () => {
    const { guest, dir } = await start()
    const file = [NAME, 4] as const
    const made = [OTHER, 3] as const
    const attempts: [string, ...(number | bigint)[]][] = [
      ['path_create_directory', FIXED, ...made],
      ['path_link', FIXED, 0, ...file, FREE, ...made],
      ['path_link', FREE, 0, ...file, FIXED, ...made],
      ['path_rename', FIXED, ...file, FREE, ...made],
      ['path_rename', FREE, ...file, FIXED, ...made],
      ['path_symlink', ...file, FIXED, ...made],
      ['path_unlink_file', FIXED, ...file],
      ['path_remove_directory', FIXED, ...file],
      ['path_filestat_set_times', FIXED, 0, ...file, 0n, 0n, 2],
    ]
    for (const [name, ...args] of attempts)
      expect([name, await guest.call(name, ...args)]).toEqual([name, EROFS])
    const [create, truncate] = [1, 8]
    expect(await open(guest, FIXED, OTHER, 3, create, READ)).toBe(EROFS)
    expect(await open(guest, FIXED, NAME, 4, truncate, READ)).toBe(EROFS)
    expect(await open(guest, FIXED, NAME, 4, 0, READ | WRITE)).toBe(EROFS)
    expect(readFileSync(join(dir, 'fixed/file'), 'utf8')).toBe('as it was')
  })

  test('it is read, with the directories in it, and the other directory is written', async () => {
    const { guest } = await start()
    expect(await open(guest, FIXED, NAME, 4, 0, READ)).toBe(SUCCESS)
    const fd = await guest.u32(OUT)
    await guest.words(64, 1024, 32)
    expect(await guest.call('fd_read', fd, 64, 1, OUT)).toBe(SUCCESS)
    expect(await guest.text(1024, await guest.u32(OUT))).toBe('as it was')
    expect(await guest.call('fd_filestat_set_size', fd, 0n)).toBe(EROFS)
    await guest.put(OTHER, 'inside')
    const directory = 2
    expect(await open(guest, FIXED, OTHER, 6, directory, READ | WRITE)).toBe(SUCCESS)
    const inside = await guest.u32(OUT)
    expect(await guest.call('path_unlink_file', inside, NAME, 4)).toBe(EROFS)
    expect(await guest.call('path_unlink_file', FREE, NAME, 4)).toBe(SUCCESS)
  })
})

test('a preopen that is neither a path nor { path, readOnly } is refused', () => {
  for (const preopens of [{ '/x': 1 }, { '/x': { readOnly: true } }, { '/x': { path: '/', readonly: true } }])
    expect(() => new WasiHost({ preopens: preopens as never })).toThrow(/preopens/)
})
