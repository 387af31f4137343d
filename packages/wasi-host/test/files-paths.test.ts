/** Paths: a directory is not left, whatever links, renames and races lie on the way; both ways of holding one. */
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { codeOfCall, expectNoLeak, isWindows, tempDir } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AnchoredPlace, canAnchor } from '../src/wasi/files/anchored-place.ts'
import { CheckedPlace } from '../src/wasi/files/checked-place.ts'
import { isReservedName } from '../src/wasi/files/host-name.ts'
import { OpenDirectory } from '../src/wasi/files/open-directory.ts'
import type { OpenFile } from '../src/wasi/files/open-file.ts'
import {
  createDirectoryAt,
  linkAt,
  openAt,
  readlinkAt,
  removeDirectoryAt,
  renameAt,
  setTimesAt,
  statAt,
  symlinkAt,
  unlinkAt,
  type OpenOptions,
} from '../src/wasi/files/paths.ts'

const reading: OpenOptions = {
  read: true,
  write: false,
  append: false,
  sync: 'none',
  follow: true,
  create: false,
  exclusive: false,
  truncate: false,
  directory: false,
}
const creating: OpenOptions = { ...reading, write: true, create: true }

const contentOf = (directory: OpenDirectory, path: string): string => {
  const file = openAt(directory, path, reading) as OpenFile
  try {
    const bytes = new Uint8Array(64)
    return Buffer.from(bytes.subarray(0, file.read([bytes]))).toString()
  } finally {
    file.close()
  }
}

const places = [
  ...(canAnchor() ? [['anchored', AnchoredPlace] as const] : []),
  ['checked', CheckedPlace] as const,
] as const

interface Ground {
  /** What the guest is given, with `file`, `a/b/file` and `free` in it. */
  readonly inside: string
  /** Beside it, with `secret` in it. */
  readonly outside: string
  readonly directory: OpenDirectory
}

/** Everything that can be done at a path, by a name for it. */
const attempts = (directory: OpenDirectory, path: string): Record<string, unknown> => ({
  open: codeOfCall(() => openAt(directory, path, reading)),
  create: codeOfCall(() => openAt(directory, path, creating)),
  'open as a directory': codeOfCall(() => openAt(directory, path, { ...reading, directory: true })),
  stat: codeOfCall(() => statAt(directory, path, true)),
  'set times': codeOfCall(() => setTimesAt(directory, path, true, { accessed: 'now', modified: 'now' })),
})
/** What acts on the name itself: it is tried behind the link. */
const changes = (directory: OpenDirectory, path: string): Record<string, unknown> => ({
  mkdir: codeOfCall(() => createDirectoryAt(directory, `${path}/made`)),
  rmdir: codeOfCall(() => removeDirectoryAt(directory, `${path}/empty`)),
  unlink: codeOfCall(() => unlinkAt(directory, `${path}/secret`)),
  symlink: codeOfCall(() => symlinkAt('x', directory, `${path}/made`)),
  readlink: codeOfCall(() => readlinkAt(directory, `${path}/secret`)),
  'link from': codeOfCall(() => linkAt(directory, `${path}/secret`, directory, 'made')),
  'link to': codeOfCall(() => linkAt(directory, 'file', directory, `${path}/made`)),
  'rename from': codeOfCall(() => renameAt(directory, `${path}/secret`, directory, 'made')),
  'rename to': codeOfCall(() => renameAt(directory, 'file', directory, `${path}/made`)),
})
const all = (codes: Record<string, unknown>, code: string): void =>
  expect(codes).toEqual(Object.fromEntries(Object.keys(codes).map((each) => [each, code])))

describe.each(places)('a directory that is %s', (_how, place) => {
  const ground = (): Ground => {
    const base = tempDir()
    const [inside, outside] = [join(base, 'inside'), join(base, 'outside')]
    mkdirSync(join(inside, 'a/b'), { recursive: true })
    mkdirSync(join(inside, 'free'))
    mkdirSync(join(outside, 'empty'), { recursive: true })
    writeFileSync(join(inside, 'file'), 'inside')
    writeFileSync(join(inside, 'a/b/file'), 'deep')
    writeFileSync(join(outside, 'secret'), 'secret')
    const directory = new OpenDirectory(place.at(inside), false)
    onTestFinished(() => directory.close())
    return { inside, outside, directory }
  }

  test('is not left by .. or an absolute path', () => {
    const { directory, outside } = ground()
    for (const path of ['..', '../', 'a/../..', 'a/b/../../../outside', '../inside', '/outside', '/']) {
      all(attempts(directory, path), 'ENOTCAPABLE')
      all(changes(directory, path), 'ENOTCAPABLE')
    }
    expect(existsSync(join(outside, 'made'))).toBe(false)
  })

  test.skipIf(isWindows)('is not left by links: absolute, upwards, through other links', () => {
    const { directory, inside, outside } = ground()
    symlinkSync(outside, join(inside, 'absolute'))
    symlinkSync('../outside', join(inside, 'up'))
    symlinkSync('../../../outside', join(inside, 'a/b/up'))
    symlinkSync('a/b/up', join(inside, 'twice'))
    symlinkSync('a/b/../../..', join(inside, 'parent'))
    for (const path of ['absolute', 'up', 'a/b/up', 'twice', 'parent', 'up/.']) {
      all(attempts(directory, path), 'ENOTCAPABLE')
      all(changes(directory, path), 'ENOTCAPABLE')
    }
    symlinkSync(join(outside, 'secret'), join(inside, 'secret'))
    symlinkSync('../outside/new', join(inside, 'new'))
    all(attempts(directory, 'secret'), 'ENOTCAPABLE')
    all(attempts(directory, 'new'), 'ENOTCAPABLE')
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    expect([existsSync(join(outside, 'new')), existsSync(join(outside, 'made'))]).toEqual([false, false])
  })

  test.skipIf(isWindows)('links inside of it are followed, and what acts on a name acts on the link', () => {
    const { directory, inside } = ground()
    symlinkSync('a/b', join(inside, 'short'))
    symlinkSync('../../file', join(inside, 'a/b/back'))
    expect(contentOf(directory, 'short/file')).toBe('deep')
    expect(contentOf(directory, 'short/../b/file')).toBe('deep')
    expect(contentOf(directory, 'short/back')).toBe('inside')
    expect(codeOfCall(() => openAt(directory, 'short/back', { ...reading, follow: false }))).toBe('ELOOP')
    expect(statAt(directory, 'short', false).isSymbolicLink()).toBe(true)
    expect(statAt(directory, 'short/', false).isDirectory()).toBe(true)
    expect(readlinkAt(directory, 'short')).toBe('a/b')
    symlinkSync('made-by-link', join(inside, 'dangling'))
    ;(openAt(directory, 'dangling', creating) as OpenFile).close()
    expect(lstatSync(join(inside, 'made-by-link')).isFile()).toBe(true)
    unlinkAt(directory, 'short')
    expect(existsSync(join(inside, 'a/b/file'))).toBe(true)
  })

  test.skipIf(isWindows)('a circle of links is ELOOP', () => {
    const { directory, inside } = ground()
    symlinkSync('two', join(inside, 'one'))
    symlinkSync('one', join(inside, 'two'))
    symlinkSync('self/x', join(inside, 'self'))
    for (const path of ['one', 'one/x', 'self', 'self/y'])
      expect([path, codeOfCall(() => openAt(directory, path, reading))]).toEqual([path, 'ELOOP'])
  })

  test('no link with an absolute target is made', () => {
    const { directory, outside } = ground()
    expect(codeOfCall(() => symlinkAt('/etc/passwd', directory, 'x'))).toBe('ENOTCAPABLE')
    expect(codeOfCall(() => symlinkAt(outside, directory, 'x'))).toBe('ENOTCAPABLE')
  })

  test('a slash behind a name means a directory', () => {
    const { directory, inside } = ground()
    const codes = {
      open: codeOfCall(() => openAt(directory, 'file/', reading)),
      stat: codeOfCall(() => statAt(directory, 'file/', true)),
      unlink: codeOfCall(() => unlinkAt(directory, 'file/')),
      rename: codeOfCall(() => renameAt(directory, 'file/', directory, 'other')),
      'rename to': codeOfCall(() => renameAt(directory, 'file', directory, 'other/')),
    }
    all(codes, 'ENOTDIR')
    expect(codeOfCall(() => linkAt(directory, 'file', directory, 'other/'))).toBe('ENOENT')
    expect(codeOfCall(() => symlinkAt('file', directory, 'other/'))).toBe('ENOENT')
    expect(codeOfCall(() => openAt(directory, 'other/', creating))).toBe('EISDIR')
    createDirectoryAt(directory, 'made/')
    renameAt(directory, 'made/', directory, 'moved/')
    removeDirectoryAt(directory, 'moved/')
    expect(existsSync(join(inside, 'moved'))).toBe(false)
  })

  test('the directory itself is neither removed, renamed nor unlinked', () => {
    const { directory } = ground()
    for (const path of ['.', 'a/..', './.']) {
      expect(codeOfCall(() => removeDirectoryAt(directory, path))).toBe('EINVAL')
      expect(codeOfCall(() => unlinkAt(directory, path))).toBe('EINVAL')
      expect(codeOfCall(() => renameAt(directory, path, directory, 'x'))).toBe('EINVAL')
    }
    expect(statAt(directory, '.', true).isDirectory()).toBe(true)
  })

  test('wrong paths: empty, with a NUL, too long', () => {
    const { directory } = ground()
    expect(codeOfCall(() => statAt(directory, '', true))).toBe('ENOENT')
    expect(codeOfCall(() => statAt(directory, 'file\0', true))).toBe('EINVAL')
    expect(codeOfCall(() => statAt(directory, 'a/'.repeat(3000), true))).toBe('ENAMETOOLONG')
  })

  test.skipIf(isWindows)('a directory whose path leads elsewhere by now is not entered there', () => {
    const { directory, inside, outside } = ground()
    const deep = openAt(directory, 'a/b', { ...reading, directory: true }) as OpenDirectory
    onTestFinished(() => deep.close())
    mkdirSync(join(outside, 'b'))
    writeFileSync(join(outside, 'b/file'), 'secret')
    renameSync(join(inside, 'a'), join(inside, 'moved'))
    symlinkSync(outside, join(inside, 'a'))
    const code = codeOfCall(() => expect(contentOf(deep, 'file')).toBe('deep'))
    expect(code).toBe(place === CheckedPlace ? 'ESTALE' : 'no error')
    expect(codeOfCall(() => openAt(deep, '../x', reading))).toBe('ENOTCAPABLE')
  })

  test.skipIf(isWindows)('a hard link to a link is one to the link, or is refused', () => {
    const { directory, inside, outside } = ground()
    symlinkSync(join(outside, 'secret'), join(inside, 'link'))
    const code = codeOfCall(() => linkAt(directory, 'link', directory, 'hard'))
    expect(code).toBe(place === CheckedPlace ? 'ENOTSUP' : 'no error')
    if (code === 'no error') expect(readlinkSync(join(inside, 'hard'))).toBe(join(outside, 'secret'))
  })

  test('names on the way are closed, also where a walk fails', async () => {
    const { directory } = ground()
    await expectNoLeak(
      () => {
        for (let left = 50; left > 0; left -= 1) {
          statAt(directory, 'a/b/../b/file', true)
          codeOfCall(() => statAt(directory, 'a/b/../../..', true))
          codeOfCall(() => openAt(directory, 'a/b/none', reading))
          contentOf(directory, 'a/b/file')
        }
      },
      { times: 1 },
    )
  })
})

test.skipIf(!canAnchor())(
  'while another thread swaps a directory for a link to the outside, nothing of the outside is read',
  async () => {
    const base = tempDir()
    for (const each of ['inside/swap', 'outside']) mkdirSync(join(base, each), { recursive: true })
    writeFileSync(join(base, 'outside/file'), 'secret')
    writeFileSync(join(base, 'inside/swap/file'), 'inside')
    symlinkSync(join(base, 'outside'), join(base, 'inside/link'))
    const state = new Int32Array(new SharedArrayBuffer(8))
    const swapper = new Worker(
      `const { renameSync } = require('node:fs')
       const { workerData: [inside, state] } = require('node:worker_threads')
       const move = (from, to) => renameSync(inside + from, inside + to)
       while (Atomics.load(state, 0) === 0) {
         move('swap', 'kept'); move('link', 'swap'); move('swap', 'link'); move('kept', 'swap')
       }`,
      { eval: true, workerData: [join(base, 'inside/'), state] },
    )
    const ended = once(swapper, 'exit')
    const directory = OpenDirectory.preopened(join(base, 'inside'), false)
    const seen = new Set<string | undefined>()
    const naive = new Set<string>()
    // As long as an open by the path itself takes to be led outside, and longer.
    for (let tries = 0; !naive.has('secret') || tries < 2000; tries += 1) {
      codeOfCall(() => naive.add(readFileSync(join(base, 'inside/swap/file'), 'utf8')))
      codeOfCall(() => seen.add(contentOf(directory, 'swap/file')))
      codeOfCall(() => seen.add(contentOf(directory, 'swap/../swap/file')))
    }
    Atomics.store(state, 0, 1)
    await ended
    directory.close()
    expect([...seen]).toEqual(['inside'])
  },
  60_000,
)

test('a link that was made beside a file is no way to it from a read-only directory', () => {
  const base = tempDir()
  mkdirSync(join(base, 'fixed'))
  mkdirSync(join(base, 'free'))
  writeFileSync(join(base, 'fixed/file'), 'fixed')
  const [fixed, free] = [join(base, 'fixed'), join(base, 'free')].map((path, index) =>
    OpenDirectory.preopened(path, index === 0),
  ) as [OpenDirectory, OpenDirectory]
  onTestFinished(() => {
    fixed.close()
    free.close()
  })
  expect(codeOfCall(() => linkAt(fixed, 'file', free, 'hard'))).toBe('EROFS')
  // What the host has linked there is the host's affair.
  linkSync(join(base, 'fixed/file'), join(base, 'free/hard'))
  expect(contentOf(free, 'hard')).toBe('fixed')
})

test('names that mean something else to Windows', () => {
  const reserved = [
    'a\\b',
    'C:',
    'file:stream',
    'NUL',
    'nul.txt',
    'com1',
    'LPT9.log',
    'CONIN$',
    'x.',
    'x ',
    '*',
    'a?',
  ]
  expect(reserved.filter((each) => !isReservedName(each))).toEqual([])
  const plain = ['file', 'a.b', 'console', 'COM', 'null', 'nulls.txt', '.hidden', 'a b']
  expect(plain.filter(isReservedName)).toEqual([])
})
