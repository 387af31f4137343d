import { chmodSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { capabilities } from '@uds/winsock-ffi'
import { tempDir, type Spawned } from '@uds/testkit'
import { isTooOld } from '../src/process/node-version.ts'
import { examine } from '../src/doctor/check.ts'
import { start, uds, values } from './command.ts'

interface Finding {
  readonly what: string
  readonly state: string
  readonly detail: string
}

const doctor = async (
  env: Record<string, string> = {},
): Promise<{ code: number | null; found: Map<string, Finding> }> => {
  const { code, stdout } = await uds(['doctor', '--json'], { env })
  return { code, found: new Map((values(stdout) as Finding[]).map((each) => [each.what, each])) }
}

const state = (has: boolean): string => (has ? 'yes' : 'no')

const { afUnix, abstractNames, descriptors, datagram, credentials, system } = capabilities()

test('says of each thing whether this machine has it, as its packages find', async () => {
  const { code, found } = await doctor()
  expect(code, JSON.stringify([...found.values()])).toBe(0)
  expect(Object.fromEntries([...found].map(([what, finding]) => [what, finding.state]))).toMatchObject({
    system: 'yes',
    Node: 'yes',
    'system calls': 'yes',
    AF_UNIX: state(afUnix),
    'abstract names': state(abstractNames),
    'named pipes': state(system === 'win32'),
    names: 'yes',
    credentials: state(credentials || system === 'win32'),
    descriptors: state(descriptors),
    datagrams: state(datagram),
  })
})

test('is a table for people', async () => {
  const { stdout } = await uds(['doctor'])
  expect(stdout).toMatch(
    new RegExp(`^Node +yes +${process.versions.node.replaceAll('.', String.raw`\.`)}$`, 'm'),
  )
})

test.skipIf(system === 'win32')(
  'nothing is left when the reader has gone, or the command is stopped',
  async () => {
    for (const stop of [
      (command: Spawned) => void command.process.stdout?.destroy(),
      (command: Spawned) => void command.process.kill('SIGTERM'),
    ]) {
      const home = tempDir()
      const command = start(['doctor'], { env: { XDG_RUNTIME_DIR: home, TMPDIR: home } })
      await command.waitForLine(/^Node/)
      stop(command)
      expect((await command.exit).code).toBe(0)
      expect(readdirSync(home, { recursive: true }).filter((name) => String(name).includes('sock'))).toEqual(
        [],
      )
      expect(readdirSync(home).filter((name) => name.startsWith('uds-'))).toEqual([])
    }
  },
)

describe.skipIf(system === 'win32')('what should work and does not', () => {
  test('is told with its reason, and makes the exit code 1', async () => {
    const open = tempDir()
    chmodSync(open, 0o777)
    const { code, found } = await doctor({ XDG_RUNTIME_DIR: open })
    expect(code).toBe(1)
    expect(found.get('names')).toMatchObject({
      state: 'failed',
      detail: expect.stringMatching(/EACCES.*mode 777.*set it to a directory of this user/) as string,
    })
  })

  test('a missing koffi is told with what to do, and takes nothing from what works without it', async () => {
    const { found } = await doctor({
      UDS_FFI: 'koffi',
      NODE_OPTIONS: `--import=${fileURLToPath(new URL('./fixtures/no-koffi.mjs', import.meta.url))}`,
    })
    expect(found.get('system calls')).toMatchObject({
      state: 'no',
      detail: expect.stringMatching(/it is not installed.*npm install koffi/) as string,
    })
    expect(found.get('descriptors')).toMatchObject({
      state: 'no',
      detail: expect.stringMatching(/nothing makes them/) as string,
    })
    expect(found.get('AF_UNIX')?.state).toBe('yes')
  })
})

const failing = (code: string) => (): never => {
  throw Object.assign(new Error(code), { code })
}

test('a probe of what a system does not have is no failure', async () => {
  expect(await examine({ what: 'x', probe: failing('EAFNOSUPPORT') })).toMatchObject({ state: 'no' })
  expect(await examine({ what: 'x', probe: failing('EACCES') })).toMatchObject({
    state: 'failed',
    detail: 'EACCES',
  })
})

test('a Node that is too old is one before 22.12', () => {
  expect(['20.20.2', '22.11.0', '22.12.0', '24.0.0'].map(isTooOld)).toEqual([true, true, false, false])
})
