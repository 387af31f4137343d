/** authorize 'sameUser' where a process has two users, and where many users look like one. */
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'

const fixture = fileURLToPath(new URL('fixtures/act-as.ts', import.meta.url))
const asRoot = process.geteuid?.() === 0
const namespace = ['-U', '--map-user=65534', '--map-group=65534']
const hasNamespaces =
  process.platform === 'linux' && spawnSync('unshare', [...namespace, 'true']).status === 0

const run = (command: string, ...args: string[]): string => {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return stdout + stderr
}

describe("authorize 'sameUser'", () => {
  test.skipIf(!asRoot)('asks for the effective user of this process', () => {
    const directory = tempDir()
    chmodSync(directory, 0o777)
    expect(run(process.execPath, fixture, '65533', `unix:${directory}/s`)).toBe('let in\n')
  })

  test.skipIf(!hasNamespaces)('is refused by listen where every unmapped user looks like this one', () => {
    const directory = tempDir()
    const said = run('unshare', ...namespace, process.execPath, fixture, '-', `unix:${directory}/s`)
    expect(said).toMatch(/ENOTSUP .*would refuse everybody.*uid 65534 in this user namespace/)
  })
})
