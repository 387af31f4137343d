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
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import { codeOfCall, expectNoLeak, isWindows, tempDir } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AnchoredPlace, canAnchor } from '../src/wasi/files/anchored-place.ts'
import { BeneathPlace } from '../src/wasi/files/beneath-place.ts'
import { CheckedPlace } from '../src/wasi/files/checked-place.ts'
import { resolvesWhole } from '../src/wasi/files/whole-paths.ts'
import { isReservedName } from '../src/wasi/files/host-name.ts'
import { failureOf } from '../src/outcome/failure.ts'
import { fileTypeOf, OpenDirectory } from '../src/wasi/files/open-directory.ts'
import type { Status } from '../src/wasi/files/place.ts'
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
  ...(canAnchor() && resolvesWhole() ? [['resolved beneath', BeneathPlace] as const] : []),
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
      expect(codeOfCall(() => unlinkAt(directory, path))).toBe('EISDIR')
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

const inode = ({ dev, ino }: Pick<Status, 'dev' | 'ino'>): string => `${dev} ${ino}`

/** Where an action has led, or the code that it failed with. */
const found = (action: () => Status): unknown => {
  try {
    const stat = action()
    // The number of a file that was made here is nobody else's.
    return stat.size === 0n ? 'made' : inode(stat)
  } catch (error) {
    return failureOf(error).code
  }
}

/** What becomes of each way to use a path; what is made is removed. */
const outcomes = (directory: OpenDirectory, path: string): unknown[] => {
  const opened = (options: OpenOptions): Status => {
    const open = openAt(directory, path, options) as OpenFile | OpenDirectory
    try {
      return open.stat()
    } finally {
      open.close()
      if (options.create) unlinkAt(directory, path)
    }
  }
  return [true, false].flatMap((follow) => [
    found(() => statAt(directory, path, follow)),
    found(() => opened({ ...reading, follow })),
    found(() => opened({ ...reading, follow, directory: true })),
    found(() => opened({ ...reading, follow, write: true })),
    found(() => opened({ ...creating, follow, exclusive: true, read: false })),
  ])
}

/** What a status says. */
const facts = (stat: Status): unknown => ({
  ...Object.fromEntries(
    (['dev', 'ino', 'nlink', 'size', 'atimeNs', 'mtimeNs', 'ctimeNs'] as const).map((each) => [
      each,
      stat[each],
    ]),
  ),
  type: fileTypeOf(stat),
})

/** Any path of names, links, dots and slashes, by a seed. */
const pathsFrom = (seed: number, count: number): string[] => {
  let state = seed
  const pick = <T>(list: readonly T[]): T => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return list[(state >>> 8) % list.length]!
  }
  const names = ['a', 'b', 'file', 'free', 'in', 'up', 'out', 'root', 'round', 'gone', 'none', '.', '..', '']
  return Array.from({ length: count }, () =>
    Array.from({ length: pick([1, 1, 2, 2, 3, 4, 6]) }, () => pick(names)).join('/'),
  )
}

test.skipIf(!canAnchor() || !resolvesWhole())(
  'a path that the kernel resolves leads where a walk leads, and fails as it does',
  () => {
    const base = tempDir()
    const inside = join(base, 'inside')
    mkdirSync(join(inside, 'a/b'), { recursive: true })
    mkdirSync(join(inside, 'free'))
    mkdirSync(join(base, 'outside'))
    for (const each of ['inside/file', 'inside/a/b/file', 'inside/free/file', 'outside/file'])
      writeFileSync(join(base, each), each)
    for (const [target, link] of [
      ['a/b', 'in'],
      ['../free/file', 'a/up'],
      ['../outside', 'out'],
      ['/', 'a/root'],
      ['round', 'round'],
      ['nowhere', 'free/gone'],
      ['../../in/../b/file', 'a/b/in'],
    ] as const)
      symlinkSync(target, join(inside, link))
    const [walked, whole] = [AnchoredPlace, BeneathPlace].map(
      (place) => new OpenDirectory(place.at(inside), false),
    ) as [OpenDirectory, OpenDirectory]
    const paths = pathsFrom(88, 700)
    const ends = new Set<unknown>()
    for (const path of paths) {
      const [one, other] = [outcomes(walked, path), outcomes(whole, path)]
      if (!isDeepStrictEqual(one, other)) expect({ path, outcomes: other }).toEqual({ path, outcomes: one })
      for (const each of one) ends.add(each)
    }
    // Every way to end has been seen, and what is outside has not.
    for (const code of ['ENOTCAPABLE', 'ELOOP', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'made'])
      expect(ends).toContain(code)
    for (const each of ['inside', 'inside/file', 'inside/a/b/file', 'inside/free/file'])
      expect(ends).toContain(inode(lstatSync(join(base, each), { bigint: true })))
    for (const each of ['outside', 'outside/file'])
      expect(ends).not.toContain(inode(lstatSync(join(base, each), { bigint: true })))
    walked.close()
    whole.close()
  },
)

test.skipIf(!canAnchor() || !resolvesWhole())(
  'the status of a path is that of node:fs, to the nanosecond',
  () => {
    const dir = tempDir()
    mkdirSync(join(dir, 'sub'))
    writeFileSync(join(dir, 'sub/file'), 'twelve bytes')
    symlinkSync('sub/file', join(dir, 'link'))
    linkSync(join(dir, 'sub/file'), join(dir, 'hard'))
    utimesSync(join(dir, 'hard'), -1.5, 1e9)
    for (const [root, paths] of [
      [dir, ['sub', 'sub/file', 'link', 'hard', '.', 'sub/..']],
      ['/dev', ['null', 'fd', 'shm']],
    ] as const) {
      const directory = new OpenDirectory(BeneathPlace.at(root), true)
      for (const path of paths)
        expect([path, facts(directory.place.statWhole(path, false) as Status)]).toEqual([
          path,
          facts(lstatSync(join(root, path), { bigint: true })),
        ])
      directory.close()
    }
  },
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
