import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'
import { findWine, wineMajor } from '../src/wine.ts'

test('the major of a Wine is read from what it says of itself', () => {
  expect(wineMajor('wine-10.0 (Debian 10.0~repack-6)')).toBe(10)
  expect(wineMajor('wine-8.0.2')).toBe(8)
  expect(wineMajor('wine-11.10.r0.gf45e84d7 ( TkG Staging NTsync )')).toBe(11)
  expect(wineMajor('bash: wine: command not found')).toBeUndefined()
})

const silent = (): void => {}

/** A directory with a program `wine` that says which version it is. */
const pretend = (version: string): string => {
  const dir = tempDir()
  const path = join(dir, 'wine')
  writeFileSync(path, `#!/bin/sh\necho "${version}"\n`)
  chmodSync(path, 0o755)
  return dir
}

// The stand-ins are shell scripts.
describe.skipIf(process.platform === 'win32')('findWine', () => {
  test('takes the first on PATH that is new enough', async () => {
    const [old, fit] = [pretend('wine-8.0 (Debian 8.0~repack-4)'), pretend('wine-10.3')]
    const found = await findWine(tempDir(), { PATH: `${old}:${fit}` }, silent)
    expect(found).toMatchObject({ command: join(fit, 'wine'), version: 'wine-10.3' })
  })

  test('takes the one that UDS_WINE names, whatever is on PATH', async () => {
    const [named, fit] = [pretend('wine-9.0'), pretend('wine-10.3')]
    const found = await findWine(tempDir(), { PATH: fit, UDS_WINE: join(named, 'wine') }, silent)
    expect(found.version).toBe('wine-9.0')
  })

  test('says what to do when UDS_WINE names nothing that starts', async () => {
    const env = { UDS_WINE: join(tempDir(), 'wine') }
    await expect(findWine(tempDir(), env, silent)).rejects.toThrow(
      /UDS_WINE=.* is no Wine that starts.*Install Wine 10/s,
    )
  })
})
