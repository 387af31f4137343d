/** Listening where other users, other file systems and failing calls are in the way. */
import { chmodSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { spawnScript, tempDir } from '@uds/testkit'
import { listen } from '@uds/stream'
import { capabilities, sockets, UnixAddress } from '@uds/winsock-ffi'
import { onPosix } from './support.ts'

const fixture = (name: string): URL => new URL(`./fixtures/${name}.ts`, import.meta.url)
const onLinux = capabilities().system === 'linux'

const linesOf = async (name: string, args: readonly string[]): Promise<string[]> => {
  const script = spawnScript(fixture(name), args)
  expect({ ...(await script.exit), stderr: script.stderr() }).toMatchObject({ code: 0, stderr: '' })
  return script
    .stdout()
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd())
}

describe.skipIf(!onPosix)('without hard links', () => {
  test.each(['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP'])(
    'link(2) that is %s: a listener gets its name, and never that of another',
    async (code) => {
      expect(await linesOf('no-hard-links', [tempDir(), code])).toEqual([
        'plain s',
        'EADDRINUSE',
        'successor s',
        'guarded s',
        '640',
        'after a dead one s',
        'left:',
      ])
    },
  )
})

describe.skipIf(!onPosix)('a path that no client could connect to', () => {
  test.each([
    ['of 110 letters', 'g'.repeat(110)],
    ['of 60 letters of two bytes', 'ж'.repeat(60)],
  ])(
    'a name %s is refused by listen with the number of its bytes, before there is a file',
    async (_, name) => {
      const directory = tempDir()
      const path = join(directory, name)
      for (const options of [{}, { mode: 0o600 }, { takeOver: true }]) {
        await expect(listen(`unix:${path}`, options)).rejects.toMatchObject({
          code: 'ENAMETOOLONG',
          message: expect.stringContaining(`${Buffer.byteLength(path)} bytes`),
        })
      }
      expect(readdirSync(directory)).toEqual([])
    },
  )
})

describe.skipIf(!onPosix)('mode and owner', () => {
  test.each(['after mkdir', 'before bind', 'before chmod'])(
    'a directory that another user swaps %s: no mode but that of the socket changes',
    async (when) => {
      const lines = await linesOf('swapped-directory', [tempDir(), when])
      expect(lines.at(-1)).toMatch(/^755 640 /)
      // Where the swap is noticed, listen fails; a call that goes through the descriptor does not meet it.
      if (when !== 'before chmod') expect(lines[0]).toMatch(/^SocketError (EACCES|ENOTDIR|ELOOP|EINVAL)$/)
    },
  )

  test.skipIf(!onLinux)('a listen that fails half-way leaves no file, directory or descriptor', async () => {
    const lines = await linesOf('failing-listen', [tempDir()])
    expect(lines.slice(0, -2).length).toBeGreaterThan(1)
    expect(new Set(lines.slice(0, -2))).toEqual(new Set(['EIO left:']))
    expect(lines.slice(-2)).toEqual(['none left:', '0'])
  })
})

/** A socket of root that is dead, with this mode. */
const leave = (mode: number): string => {
  const directory = tempDir()
  chmodSync(directory, 0o1777)
  const path = join(directory, 's')
  const dead = sockets.open('unix')
  sockets.bind(dead, UnixAddress.path(path))
  dead.close()
  chmodSync(path, mode)
  return path
}

describe.skipIf(process.getuid?.() !== 0)('a sticky directory', () => {
  test('the file that a dead server of another user has left is explained', async () => {
    const path = leave(0o777)
    const lines = await linesOf('other-user', [path])
    expect(lines.length).toBe(3)
    for (const line of lines)
      expect(line).toMatch(/: SocketError EADDRINUSE .*this user may not re(move|place) /)
    expect(readdirSync(dirname(path))).toEqual(['s'])
  })

  test('and so is one that this user may not connect to: it says whose it is', async () => {
    const path = leave(0o755)
    const lines = await linesOf('other-user', [path])
    expect(lines.length).toBe(3)
    for (const line of lines) expect(line).toMatch(/: SocketError EADDRINUSE .*\buid 0\b/)
    expect(readdirSync(dirname(path))).toEqual(['s'])
  })
})
