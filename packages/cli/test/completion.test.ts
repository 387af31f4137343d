import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isWindows, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { uds } from './command.ts'

/** The functions that scripts of bash stand on: https://github.com/scop/bash-completion */
const BASH_COMPLETION = '/usr/share/bash-completion/bash_completion'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** What a shell is offered, each with its description left out. */
const offered = async (...words: string[]): Promise<string[]> => {
  const { code, stdout } = await uds(['complete', '--', ...words])
  expect(code).toBe(0)
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(':'))
    .map((line) => line.split('\t')[0] ?? '')
}

describe('uds complete', () => {
  test('offers commands, options and the choices of an option', async () => {
    expect(await offered('co')).toEqual(['connect', 'completion'])
    expect(await offered('connect', '--li')).toEqual(['--lines'])
    expect(await offered('wasm', 'run', '--wait', '')).toEqual(['auto', 'jspi', 'worker', 'blocking'])
  })
})

describe('uds completion', () => {
  test.each(['bash', 'zsh', 'fish', 'powershell'])('has a script for %s', async (shell) => {
    const { code, stdout } = await uds(['completion', shell])
    expect(code).toBe(0)
    expect(stdout).toContain('uds')
  })

  test('knows no other shell', async () => {
    const { code, stderr } = await uds(['completion', 'tcsh'])
    expect(stderr).toMatch(/<shell>: Allowed choices are zsh, bash, fish, powershell/)
    expect(code).toBe(2)
  })

  // apt-get install bash-completion. Under Wine the files of Linux are seen, and its shell cannot be run.
  test.runIf(!isWindows && existsSync(BASH_COMPLETION))('bash completes by it', async () => {
    const bin = tempDir()
    writeFileSync(join(bin, 'uds'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`)
    chmodSync(join(bin, 'uds'), 0o755)
    const { stdout: script } = await uds(['completion', 'bash'])
    const program = [
      `. ${BASH_COMPLETION}`,
      // It works inside of a shell that somebody types into.
      'compopt() { :; }',
      script,
      `COMP_WORDS=(uds connect --serv) COMP_CWORD=2 COMP_LINE='uds connect --serv' COMP_POINT=18`,
      `$(complete -p uds | sed 's/.*-F \\([^ ]*\\).*/\\1/')`,
      `printf '%s\\n' "\${COMPREPLY[@]}"`,
    ].join('\n')
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` }
    const { stdout, stderr } = spawnSync('bash', ['-c', program], { encoding: 'utf8', env })
    expect({ stdout: stdout.trim().split(/\s/)[0], stderr }).toEqual({ stdout: '--servername', stderr: '' })
  })
})

test('help --all has the help of every command', async () => {
  const { code, stdout } = await uds(['help', '--all'])
  expect(code).toBe(0)
  const usages = [...stdout.matchAll(/^Usage: uds ?([a-z ]*) /gm)].map(([, name]) => name)
  expect(usages).toEqual(expect.arrayContaining(['connect', 'top', 'wasm run', 'completion']))
  expect(usages).not.toContain('complete')
})
