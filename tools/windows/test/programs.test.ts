import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isWindows, needs, tempDir } from '@uds/testkit'
import { buildPrograms } from '../src/programs.ts'

const FILES = ['fixtures/a.windows.c', 'fixtures/posix.c', 'fixtures/a.windows.c.md']

const stage = (): string => {
  const dir = tempDir()
  mkdirSync(join(dir, 'fixtures'))
  for (const file of FILES) writeFileSync(join(dir, file), 'int main(void) { return 0; }\n')
  return dir
}

describe.skipIf(isWindows)('programs for the tests on Windows', () => {
  const withoutCompiler = { PATH: tempDir() }

  test('without a compiler their tests are skipped, and how to install it is said', async () => {
    const lines: string[] = []
    await buildPrograms(stage(), FILES, withoutCompiler, (line) => lines.push(line))
    expect(lines).toEqual([expect.stringMatching(/a\.windows\.c are skipped: apt-get install gcc-mingw/)])
  })

  test('UDS_REQUIRE=all demands the compiler', async () => {
    const env = { ...withoutCompiler, UDS_REQUIRE: 'all' }
    await expect(buildPrograms(stage(), FILES, env, () => {})).rejects.toThrow('apt-get install gcc-mingw')
  })

  const mingw = needs('x86_64-w64-mingw32-gcc')

  test.skipIf(mingw.missing)('are made of their sources, and again only when those change', async () => {
    const dir = stage()
    const build = (): Promise<void> => buildPrograms(dir, FILES, process.env, () => {})
    await build()
    const made = join(dir, 'fixtures/a.windows.exe')
    expect(readFileSync(made).toString('latin1', 0, 2)).toBe('MZ')
    expect(existsSync(join(dir, 'fixtures/posix.exe'))).toBe(false)
    const first = statSync(made).mtimeMs
    await build()
    expect(statSync(made).mtimeMs).toBe(first)
    const source = join(dir, 'fixtures/a.windows.c')
    writeFileSync(source, 'this is no C\n')
    utimesSync(source, Date.now() / 1000 + 60, Date.now() / 1000 + 60)
    await expect(build()).rejects.toThrow('a.windows.c')
  })
})
