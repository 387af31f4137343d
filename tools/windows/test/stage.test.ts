import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs, tempDir } from '@uds/testkit'
import { refresh } from '../src/stage.ts'

const git = needs('git')

const workspace = (): string => {
  const dir = tempDir()
  execFileSync(git.path, ['init', '--quiet'], { cwd: dir })
  mkdirSync(join(dir, 'src'))
  mkdirSync(join(dir, 'node_modules'))
  for (const file of ['src/a.ts', 'src/b.ts', 'node_modules/x.js', 'pnpm-workspace.yaml']) {
    writeFileSync(join(dir, file), `text of ${file}\n`)
  }
  writeFileSync(join(dir, '.gitignore'), 'node_modules/\n')
  execFileSync(git.path, ['add', 'src/a.ts'], { cwd: dir })
  return dir
}

describe.skipIf(git.missing)('refresh', () => {
  test('copies what git knows or would take, and nothing that it ignores', async () => {
    const stage = join(tempDir(), 'stage')
    const files = await refresh(workspace(), stage)
    expect([...files].sort()).toEqual(['.gitignore', 'pnpm-workspace.yaml', 'src/a.ts', 'src/b.ts'])
    expect(readFileSync(join(stage, 'src/b.ts'), 'utf8')).toBe('text of src/b.ts\n')
    expect(existsSync(join(stage, 'node_modules'))).toBe(false)
  })

  test('adds the settings of a hoisted install for Windows', async () => {
    const stage = tempDir()
    await refresh(workspace(), stage)
    const settings = readFileSync(join(stage, 'pnpm-workspace.yaml'), 'utf8')
    expect(settings).toMatch(/^text of pnpm-workspace.yaml$/m)
    expect(settings).toMatch(/^nodeLinker: hoisted$/m)
    expect(settings).toMatch(/^ {2}os: \[win32\]$/m)
  })

  test('again, it copies what changed and removes what is gone, and touches nothing else', async () => {
    const [dir, stage] = [workspace(), tempDir()]
    await refresh(dir, stage)
    const untouched = statSync(join(stage, 'src/a.ts')).ctimeMs
    writeFileSync(join(dir, 'src/c.ts'), 'new\n')
    rmSync(join(dir, 'src/b.ts'))
    await refresh(dir, stage)
    expect(readFileSync(join(stage, 'src/c.ts'), 'utf8')).toBe('new\n')
    expect(existsSync(join(stage, 'src/b.ts'))).toBe(false)
    expect(statSync(join(stage, 'src/a.ts')).ctimeMs).toBe(untouched)
  })
})
