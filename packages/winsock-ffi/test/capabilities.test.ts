import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { capabilities, ensureWsaStarted, sockets } from '@uds/winsock-ffi'
import { spawnProgram, spawnScript } from '@uds/testkit'

const can = capabilities()
/** UDS_FFI can name another backend for a whole run. */
const isKoffi = ['', 'koffi'].includes(process.env['UDS_FFI'] ?? '')

test('capabilities tells what is so on this machine', () => {
  expect(can.system).toBe(process.platform === 'win32' ? 'win32' : process.platform)
  expect(can.arch).toBe(process.arch)
  expect(can.runtime).toEqual({ name: 'node', version: process.versions.node })
  expect(can.backend).toBe(isKoffi ? 'koffi' : 'node:ffi')
  expect(can.koffi).toEqual(isKoffi ? expect.stringMatching(/^\d+\.\d+/) : undefined)
  expect(can.adoption).toBe(true)
  expect(capabilities()).toBe(can)
})

describe.skipIf(process.platform !== 'linux')('on Linux', () => {
  test('everything can be done', () => {
    expect(can).toMatchObject({
      afUnix: true,
      abstractNames: true,
      datagram: true,
      seqpacket: true,
      descriptors: true,
      credentials: true,
      pollHandle: true,
      reasons: [],
    })
  })

  test.each(['loaded', 'not loaded'])(
    'what fails for want of descriptors is tried again (koffi %s)',
    async (koffi) => {
      const fixture = fileURLToPath(new URL('fixtures/short-of-descriptors.ts', import.meta.url))
      const limited = ['-c', 'ulimit -n 128 && exec "$0" "$@"', process.execPath, fixture, koffi]
      const child = spawnProgram('sh', limited)
      await child.exit
      expect(JSON.parse(child.stdout())).toEqual({ short: false, plenty: [], remembered: true })
    },
  )

  test('the C library has the name that the system itself gives it', () => {
    const maps = execFileSync('sh', ['-c', 'cat /proc/$PPID/maps'], { encoding: 'utf8' })
    expect(can.libc).toBe(maps.includes('musl') ? 'musl' : 'glibc')
  })
})

test('what cannot be done has its reason', () => {
  const missing = [can.afUnix, can.afUnix && can.datagram, can.afUnix && can.seqpacket, can.credentials]
  expect(can.reasons.length > 0).toBe(missing.includes(false))
})

test('ensureWsaStarted is free when repeated and does nothing off Windows', () => {
  for (let i = 0; i < 3; i += 1) expect(ensureWsaStarted()).toBeUndefined()
  sockets.open('inet').close()
})

test.runIf(isKoffi)('importing the package loads no FFI', async () => {
  const child = spawnScript(new URL('./fixtures/lazy.ts', import.meta.url), [])
  expect(await child.exit).toEqual({ code: 0, signal: null })
  expect(child.stdout().trim()).toBe('before: 0, after: 1')
})

test('without koffi every call says so, and importing fails nowhere', async () => {
  const env = { UDS_FFI: 'koffi' }
  const child = spawnScript(new URL('./fixtures/without-koffi.ts', import.meta.url), [], { env })
  expect(await child.exit).toEqual({ code: 0, signal: null })
  expect(child.stdout()).toContain('ENOTSUP')
  expect(child.stdout()).toContain('npm install koffi')
  expect(child.stdout()).toContain('capabilities: undefined false')
})

test('koffi is found right after a stat of a pipe or a socket', async () => {
  const script = spawnScript(new URL('fixtures/stat-then-load.ts', import.meta.url), [], { input: '' })
  expect(await script.exit).toMatchObject({ code: 0 })
})
