import { spawnScript } from '@uds/testkit'
import { expect, test } from 'vitest'
import { waits } from './driver.ts'

const script = new URL('./fixtures/traced-guest.ts', import.meta.url)

test.each(waits)(
  'NODE_DEBUG=uds-wasi prints every call with its arguments and its errno, under %s',
  async (wait) => {
    const traced = spawnScript(script, [wait], { env: { NODE_DEBUG: 'uds-wasi' } })
    expect((await traced.exit).code).toBe(0)
    expect(traced.stderr()).toContain('uds-wasi: wasi_snapshot_preview1.sock_open(2, 1, 8) = 0\n')
    expect(traced.stderr()).toContain('uds-wasi: wasi_snapshot_preview1.sock_connect(1000, 64) = 13\n')
  },
)

test('nothing is printed without it', async () => {
  const quiet = spawnScript(script, [waits[0]!], { env: { NODE_DEBUG: undefined } })
  expect((await quiet.exit).code).toBe(0)
  expect(quiet.stderr()).not.toContain('sock_open')
})
