/** Where bare names lead: which directories are taken, refused, and passed by. */
import { chmodSync, lchownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeOfCall, tempDir } from '@uds/testkit'
import { SocketError } from '@uds/winsock-ffi'
import {
  clientAddressOfName,
  describeNames,
  explainName,
  ownSid,
  serverAddressOfName,
  system,
} from '@uds/winsock-ffi/internal'
import { clientPath, nameAdvice, userDirectory } from '../src/names/posix/name-address.ts'
import { namePlaces, type Surroundings } from '../src/names/posix/places.ts'

const onWindows = system === 'win32'
const asRoot = process.geteuid?.() === 0
const OTHER = 54_321

interface Ground extends Surroundings {
  readonly runtimeRoot: string
}

/** A machine of its own: no XDG_RUNTIME_DIR, an empty /run/user, an empty TMPDIR. */
const ground = (changes: Partial<Ground> = {}): Ground => ({
  uid: process.geteuid!(),
  runtimeDirectory: undefined,
  runtimeRoot: tempDir(),
  temporaryDirectory: tempDir(),
  ...changes,
})

const serve = (around: Surroundings, name = 'chat'): string => {
  const path = join(userDirectory(namePlaces(around)), `${name}.sock`)
  writeFileSync(path, '')
  return path
}

const client = (around: Surroundings, name = 'chat'): string => clientPath(name, namePlaces(around))

/** The codes with which a server and a client are refused. */
const both = (around: Surroundings): unknown[] => [
  codeOfCall(() => userDirectory(namePlaces(around))),
  codeOfCall(() => client(around)),
]

describe.skipIf(onWindows)('the place of a name', () => {
  test('is below XDG_RUNTIME_DIR, which alone counts where it is there', () => {
    const runtimeDirectory = tempDir()
    const around = ground({ runtimeDirectory })
    expect(userDirectory(namePlaces(around))).toBe(join(runtimeDirectory, 'uds'))
    expect(statSync(join(runtimeDirectory, 'uds')).mode & 0o777).toBe(0o700)
    serve({ ...around, runtimeDirectory: undefined })
    expect(client(around)).toBe(join(runtimeDirectory, 'uds', 'chat.sock'))
  })

  test.each([
    ['unset', undefined],
    ['empty', ''],
    ['relative', 'run'],
    ['missing', '/nowhere/at/all'],
  ])('is that of the user in /run/user where XDG_RUNTIME_DIR is %s', (_, runtimeDirectory) => {
    const around = ground({ runtimeDirectory })
    const parent = join(around.runtimeRoot, String(around.uid))
    mkdirSync(parent, { mode: 0o700 })
    expect(userDirectory(namePlaces(around))).toBe(join(parent, 'uds'))
    expect(nameAdvice('chat', namePlaces(around))).toContain('XDG_RUNTIME_DIR is')
  })

  test('is in TMPDIR where there is no other, with the uid in its name', () => {
    const around = ground()
    expect(userDirectory(namePlaces(around))).toBe(join(around.temporaryDirectory, `uds-${around.uid}`))
  })

  test('is found by a client whose XDG_RUNTIME_DIR is not set, wherever a server without it can be', () => {
    const cron = ground()
    const path = serve(cron)
    const parent = join(cron.runtimeRoot, String(cron.uid))
    mkdirSync(parent, { mode: 0o700 })
    expect(client(cron)).toBe(path)
    expect(client(cron, 'other')).toBe(join(parent, 'uds', 'other.sock'))
  })

  test('is made by servers only', () => {
    const around = ground({ runtimeDirectory: tempDir() })
    client(around)
    expect(readdirSync(around.runtimeDirectory!)).toEqual([])
  })

  test('that does not count is named, with what would make it count', () => {
    const around = ground({ runtimeDirectory: tempDir() })
    const path = serve({ ...around, runtimeDirectory: undefined })
    const advice = nameAdvice('chat', namePlaces(around))
    expect(advice).toContain(join(around.runtimeDirectory!, 'uds'))
    expect(advice).toContain(`${path.replace('/chat.sock', '')} (TMPDIR`)
    expect(advice).toContain('does not count while XDG_RUNTIME_DIR is set')
  })
})

describe.skipIf(onWindows)('a directory that is not safe', () => {
  test.each([0o777, 0o770, 0o722])(
    'XDG_RUNTIME_DIR of mode %o is refused, and nothing is made in it',
    (mode) => {
      const runtimeDirectory = tempDir()
      chmodSync(runtimeDirectory, mode)
      expect(both(ground({ runtimeDirectory }))).toEqual(['EACCES', 'EACCES'])
      expect(readdirSync(runtimeDirectory)).toEqual([])
    },
  )

  test('a sticky one is taken: others cannot move what is in it', () => {
    const runtimeDirectory = tempDir()
    chmodSync(runtimeDirectory, 0o1777)
    expect(userDirectory(namePlaces(ground({ runtimeDirectory })))).toBe(join(runtimeDirectory, 'uds'))
  })

  test('one in a directory where anybody may write is refused', () => {
    const above = tempDir()
    const runtimeDirectory = join(above, 'run')
    mkdirSync(runtimeDirectory, { mode: 0o700 })
    chmodSync(above, 0o777)
    expect(both(ground({ runtimeDirectory }))).toEqual(['EACCES', 'EACCES'])
  })

  test('a file in the place of XDG_RUNTIME_DIR, or of the directory in it, is refused', () => {
    const runtimeDirectory = tempDir()
    writeFileSync(join(runtimeDirectory, 'uds'), '')
    expect(both(ground({ runtimeDirectory }))).toEqual(['EACCES', 'EACCES'])
    expect(both(ground({ runtimeDirectory: join(runtimeDirectory, 'uds') }))).toEqual(['EACCES', 'EACCES'])
  })

  test('a link is followed to where it leads, which has to be safe', () => {
    const target = tempDir()
    const link = join(tempDir(), 'link')
    symlinkSync(target, link)
    expect(userDirectory(namePlaces(ground({ runtimeDirectory: link })))).toBe(join(link, 'uds'))
    chmodSync(target, 0o777)
    expect(both(ground({ runtimeDirectory: link }))).toEqual(['EACCES', 'EACCES'])
  })

  test('TMPDIR where others may write is passed by, and nothing is made in it', () => {
    const around = ground()
    chmodSync(around.temporaryDirectory, 0o777)
    const parent = join(around.runtimeRoot, String(around.uid))
    mkdirSync(parent, { mode: 0o700 })
    expect(client(around)).toBe(join(parent, 'uds', 'chat.sock'))
    expect(readdirSync(around.temporaryDirectory)).toEqual([])
  })

  test.skipIf(!asRoot)('of another user is refused: XDG_RUNTIME_DIR, what it is in, a link to it', () => {
    const foreign = tempDir()
    lchownSync(foreign, OTHER, OTHER)
    expect(both(ground({ runtimeDirectory: foreign }))).toEqual(['EACCES', 'EACCES'])
    const within = join(foreign, 'mine')
    mkdirSync(within, { mode: 0o700 })
    expect(both(ground({ runtimeDirectory: within }))).toEqual(['EACCES', 'EACCES'])
    const link = join(tempDir(), 'link')
    symlinkSync(tempDir(), link)
    lchownSync(link, OTHER, OTHER)
    expect(both(ground({ runtimeDirectory: link }))).toEqual(['EACCES', 'EACCES'])
    expect(readdirSync(foreign)).toEqual(['mine'])
  })

  test.skipIf(!asRoot)('that another user has put where a client looks later is no reason to fail', () => {
    const around = ground()
    const parent = join(around.runtimeRoot, String(around.uid))
    mkdirSync(parent, { mode: 0o700 })
    const planted = join(around.temporaryDirectory, `uds-${around.uid}`)
    mkdirSync(planted)
    lchownSync(planted, OTHER, OTHER)
    writeFileSync(join(planted, 'chat.sock'), '')
    expect(client(around)).toBe(join(parent, 'uds', 'chat.sock'))
  })
})

describe('an error of connect by name', () => {
  test.each(['ENOENT', 'ECONNREFUSED'])('%s says where names are looked up', (code) => {
    const error = new SocketError({ code, syscall: 'connect', address: 'unix:/x', detail: 'what happened' })
    expect(explainName(error, 'chat')).toMatchObject({
      code,
      address: 'unix:/x',
      detail: 'what happened',
      advice: expect.stringMatching(onWindows ? /S-1-/ : /XDG_RUNTIME_DIR/),
      cause: error,
    })
  })

  test('any other is left as it is', () => {
    const error = new SocketError({ code: 'EACCES', syscall: 'connect' })
    expect(explainName(error, 'chat')).toBe(error)
    expect(explainName('text', 'chat')).toBe('text')
  })
})

test.skipIf(!onWindows)('on Windows a name is a pipe with the SID of its user', () => {
  const pipe = { scheme: 'pipe', name: `uds-${ownSid()}-chat` }
  expect(serverAddressOfName('chat')).toEqual(pipe)
  expect(clientAddressOfName('chat')).toEqual(pipe)
  expect(describeNames()).toContain(ownSid())
})
