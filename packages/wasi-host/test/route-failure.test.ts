/** A route that leads nowhere: the guest sees an errno, the trace of the host says why, once for each attempt. */
import { join } from 'node:path'
import { isWindows, tempDir } from '@uds/testkit'
import { describe, expect, test, vi } from 'vitest'
import type { Decision } from '../src/index.ts'
import { wasiErrno } from '../src/outcome/errno.ts'
import { drive, OUT, serve, udsImports, waits, type Driven } from './driver.ts'
import { refusedPort } from './refused-port.ts'

const BUFFER = 1024
const NONBLOCK = 1

const open = async (guest: Driven): Promise<number> => {
  expect(await guest.call('uds_sock_open', 2, 1, OUT)).toBe(0)
  return guest.u32(OUT)
}

const dial = async (guest: Driven, fd: number, host: string): Promise<number> =>
  guest.call('uds_sock_connect_host', fd, BUFFER, await guest.put(BUFFER, host), 80)

describe.each(waits)('a route that fails under %s', (wait) => {
  const start = async (
    sockets: Record<string, unknown>,
  ): Promise<{ guest: Driven; failures: Decision[] }> => {
    const failures: Decision[] = []
    const trace = (decision: Decision): void => {
      if (decision.decision === 'fail') failures.push(decision)
    }
    const guest = await drive({ imports: udsImports, host: { wait, sockets: { ...sockets, trace } } })
    return { guest, failures }
  }

  test.skipIf(isWindows)('to a socket that is not there', async () => {
    const path = join(tempDir(), 'none')
    const { guest, failures } = await start({ route: { 'db:80': `unix:${path}` } })
    for (let attempts = 1; attempts <= 2; attempts += 1) {
      expect(await dial(guest, await open(guest), 'db')).toBe(wasiErrno['ENOENT'])
      await vi.waitFor(() => expect(failures).toHaveLength(attempts))
    }
    expect(failures[0]).toMatchObject({
      action: 'connect',
      address: 'db:80',
      rule: 'db:80',
      target: `unix:${path}`,
      code: 'ENOENT',
    })
    expect(failures[0]!.reason).toContain(path)
  })

  test('to a port that refuses, also where the guest does not wait for it', async () => {
    const port = refusedPort()
    const { guest, failures } = await start({ route: { 'db:80': `tcp:127.0.0.1:${port}` } })
    expect(await dial(guest, await open(guest), 'db')).toBe(wasiErrno['ECONNREFUSED'])
    await vi.waitFor(() => expect(failures).toHaveLength(1))
    const fd = await open(guest)
    expect(await guest.call('uds_sock_set_nonblocking', fd, NONBLOCK)).toBe(0)
    // The system may know at once.
    expect([wasiErrno['EINPROGRESS'], wasiErrno['ECONNREFUSED']]).toContain(await dial(guest, fd, 'db'))
    // The error of a socket that is not waited for is seen when it is used.
    await vi.waitFor(async () => {
      await guest.call('uds_sock_getpeername', fd, BUFFER, 128, OUT)
      expect(failures).toHaveLength(2)
    })
    for (const each of failures)
      expect(each).toMatchObject({ target: `tcp:127.0.0.1:${port}`, code: 'ECONNREFUSED' })
  })

  test('one that leads somewhere, or is closed meanwhile, is no failure', async () => {
    const server = await serve()
    const { guest, failures } = await start({
      route: { 'db:80': `tcp:127.0.0.1:${server.port}` },
      allow: ['connect:127.0.0.1:*'],
    })
    expect(await dial(guest, await open(guest), 'db')).toBe(0)
    const fd = await open(guest)
    expect(await guest.call('uds_sock_set_nonblocking', fd, NONBLOCK)).toBe(0)
    await dial(guest, fd, 'db')
    expect(await guest.call('uds_sock_close', fd)).toBe(0)
    await guest.guest.close()
    expect(failures).toEqual([])
  })
})
