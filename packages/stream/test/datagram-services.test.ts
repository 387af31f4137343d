import { createServer } from 'node:net'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { codeOf, freshName, needs, socketPath, spawnProgram, tempDir } from '@uds/testkit'
import {
  formatSyslog,
  syslog,
  systemdBarrier,
  systemdNotify,
  systemdWatchdog,
  UnixDatagramSocket,
} from '@uds/stream/datagram'
import { capabilities } from '@uds/winsock-ffi'

const logger = needs('logger')
const notify = needs('systemd-notify')
const python = needs('python3')
const can = capabilities()

const next = async (socket: UnixDatagramSocket): Promise<string> => {
  for await (const { data } of socket) return String(data)
  throw new Error('the socket has ended')
}

const bound = (address: string): UnixDatagramSocket => {
  const socket = UnixDatagramSocket.bind(address)
  onTestFinished(() => socket.close())
  return socket
}

afterEach(() => {
  vi.unstubAllEnvs()
  delete process.env['NOTIFY_SOCKET']
})

describe('systemdNotify', () => {
  test('without NOTIFY_SOCKET does nothing and says so', async () => {
    expect(await systemdNotify({ READY: 1 })).toBe(false)
  })

  test.each<[unknown]>([[''], ['READY'], [{}], [{ STATUS: 'two\nlines' }], [{ 'BAD NAME': 1 }], [null], [7]])(
    'the state %j is refused',
    async (state) => {
      await expect(systemdNotify(state as string)).rejects.toThrow(TypeError)
    },
  )

  test.each(['relative/path', 'vsock:2:1234'])('NOTIFY_SOCKET=%s is ENOTSUP', async (path) => {
    process.env['NOTIFY_SOCKET'] = path
    await expect(systemdNotify('READY=1')).rejects.toMatchObject({ code: 'ENOTSUP' })
  })

  describe.skipIf(!can.datagram)('with a manager', () => {
    test('sends the assignments, a line each', async () => {
      const path = socketPath()
      const manager = bound(path)
      process.env['NOTIFY_SOCKET'] = path
      expect(await systemdNotify({ READY: 1, STATUS: 'all = well', MAINPID: 42, RELOADING: undefined })).toBe(
        true,
      )
      expect(await next(manager)).toBe('READY=1\nSTATUS=all = well\nMAINPID=42')
      await systemdNotify('WATCHDOG=1')
      expect(await next(manager)).toBe('WATCHDOG=1')
    })

    test.skipIf(!can.abstractNames)('finds an abstract name', async () => {
      const name = freshName()
      const manager = bound(`unix:@${name}`)
      process.env['NOTIFY_SOCKET'] = `@${name}`
      await systemdNotify({ STOPPING: true })
      expect(await next(manager)).toBe('STOPPING=1')
    })

    test('FDSTORE stores the descriptors of the same message, and is refused without any', async () => {
      const path = socketPath()
      const manager = bound(path)
      process.env['NOTIFY_SOCKET'] = path
      for (const state of [{ FDSTORE: 1 } as const, 'FDSTORE=1'])
        expect(await codeOf(systemdNotify(state))).toBe('ERR_INVALID_ARG_VALUE')
      const state = { FDSTORE: 1, FDNAME: 'clients' } as const
      expect(await codeOf(systemdNotify({ ...state, FDNAME: 'a:b' }, { descriptors: [0] }))).toBe(
        'ERR_INVALID_ARG_VALUE',
      )
      expect(await systemdNotify(state, { descriptors: [0, 0] })).toBe(true)
      for await (const { data, descriptors } of manager) {
        expect(String(data)).toBe('FDSTORE=1\nFDNAME=clients')
        expect(descriptors).toHaveLength(2)
        for (const each of descriptors) each.close()
        break
      }
    })

    test.skipIf(!can.abstractNames)('says who it is from, and when a reload began', async () => {
      const path = socketPath()
      const manager = UnixDatagramSocket.bind(path, { credentials: true })
      onTestFinished(() => manager.close())
      process.env['NOTIFY_SOCKET'] = path
      const before = process.hrtime.bigint() / 1000n
      await systemdNotify({ RELOADING: 1 }, { pid: process.pid })
      for await (const { data, credentials } of manager) {
        expect(credentials!.pid).toBe(process.pid)
        const [, usec] = /^MONOTONIC_USEC=(\d+)\nRELOADING=1$/.exec(String(data))!
        expect(BigInt(usec!)).toBeGreaterThanOrEqual(before)
        expect(BigInt(usec!)).toBeLessThanOrEqual(process.hrtime.bigint() / 1000n)
        break
      }
      await systemdNotify({ RELOADING: 1, MONOTONIC_USEC: 1 })
      expect(await next(manager)).toBe('MONOTONIC_USEC=1\nRELOADING=1')
      // Its parent: root may say so, another user may not.
      const said = await codeOf(systemdNotify('READY=1', { pid: process.ppid }))
      expect(said).toBe(process.geteuid!() === 0 ? 'no error' : 'EPERM')
      for (const pid of [0, 1.5, '1'])
        await expect(systemdNotify('READY=1', { pid: pid as number })).rejects.toThrow(/pid/)
      await expect(systemdNotify('READY=1', { piid: 1 } as object)).rejects.toThrow(/did you mean pid/)
    })

    test('the barrier waits until the manager has closed its descriptor, and no longer than asked', async () => {
      expect(await systemdBarrier()).toBe(false)
      const path = socketPath()
      const manager = bound(path)
      process.env['NOTIFY_SOCKET'] = path
      let passed = false
      const barrier = systemdBarrier().then((value) => (passed = value))
      for await (const { data, descriptors } of manager) {
        expect(String(data)).toBe('BARRIER=1')
        const [descriptor] = descriptors
        await new Promise((resolve) => setImmediate(resolve))
        expect(passed).toBe(false)
        descriptor!.close()
        break
      }
      expect(await barrier).toBe(true)
      expect(await codeOf(systemdBarrier({ timeoutMs: 1 }))).toBe('ETIMEDOUT')
    })

    test('the watchdog says that this process lives, where the manager expects it', async () => {
      const path = socketPath()
      const manager = bound(path)
      const stop = new AbortController()
      vi.stubEnv('NOTIFY_SOCKET', path)
      expect(systemdWatchdog()).toBe(false)
      vi.stubEnv('WATCHDOG_USEC', '20000')
      vi.stubEnv('WATCHDOG_PID', '1')
      expect(systemdWatchdog()).toBe(false)
      vi.stubEnv('WATCHDOG_PID', String(process.pid))
      expect(systemdWatchdog({ signal: stop.signal })).toBe(true)
      expect(await next(manager)).toBe('WATCHDOG=1')
      expect(await next(manager)).toBe('WATCHDOG=1')
      stop.abort()
    })

    test('a manager that is not there is an error', async () => {
      process.env['NOTIFY_SOCKET'] = `${tempDir()}/none`
      await expect(systemdNotify('READY=1')).rejects.toMatchObject({ code: 'ENOENT' })
    })

    test.skipIf(notify.missing)('sends what systemd-notify sends', async () => {
      const path = socketPath()
      const manager = bound(path)
      const env = { NOTIFY_SOCKET: path }
      const stranger = spawnProgram(notify.path, ['--no-block', '--ready', '--status=up'], { env })
      const theirs = (await next(manager)).split('\n')
      await stranger.exit
      process.env['NOTIFY_SOCKET'] = path
      await systemdNotify({ READY: 1, STATUS: 'up' })
      const ours = (await next(manager)).split('\n')
      expect(theirs).toEqual(expect.arrayContaining(ours))
    })
  })
})

describe('formatSyslog', () => {
  const date = new Date(2026, 10, 7, 9, 5, 1)

  test('writes the record of RFC 3164 as glibc does', () => {
    expect(formatSyslog('err', 'it broke', { facility: 'daemon', ident: 'backup', pid: false, date })).toBe(
      '<27>Nov  7 09:05:01 backup: it broke',
    )
    expect(formatSyslog('debug', 'x', { facility: 'local7', ident: 'a', date })).toBe(
      `<191>Nov  7 09:05:01 a[${process.pid}]: x`,
    )
    expect(formatSyslog('emerg', 'x', { facility: 'kern', ident: 'a', pid: false, date })).toMatch(/^<0>/)
  })

  test.each<[string, unknown, object]>([
    ['loud', 'x', {}],
    ['err', 7, {}],
    ['err', 'a\0b', {}],
    ['err', 'x', { facility: 'nowhere' }],
    ['err', 'x', { ident: 'two words' }],
    ['err', 'x', { ident: '' }],
  ])('%j, %j, %j is refused', (severity, message, options) => {
    expect(() => formatSyslog(severity as 'err', message as string, options)).toThrow(TypeError)
  })
})

describe.skipIf(!can.datagram)('syslog', () => {
  test('sends one record', async () => {
    const address = socketPath()
    const daemon = bound(address)
    await syslog('warning', 'disk almost full', { address, facility: 'daemon', ident: 'test' })
    expect(await next(daemon)).toMatch(
      new RegExp(
        `^<28>[A-Z][a-z]{2} [ 123]\\d \\d\\d:\\d\\d:\\d\\d test\\[${process.pid}\\]: disk almost full$`,
      ),
    )
  })

  test('a daemon that is not there is an error', async () => {
    await expect(syslog('info', 'x', { address: socketPath() })).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('a daemon that listens on a stream gets the record with a NUL', async () => {
    const address = socketPath()
    const record = Promise.withResolvers<string>()
    const daemon = createServer((connection) => {
      let all = ''
      connection.setEncoding('utf8').on('data', (chunk) => (all += String(chunk)))
      connection.on('end', () => record.resolve(all))
    })
    await new Promise<void>((resolve) => daemon.listen(address, resolve))
    onTestFinished(() => void daemon.close())
    await syslog('notice', 'over a stream', { address, ident: 'test', pid: false })
    expect(await record.promise).toMatch(/^<13>.* test: over a stream\0$/)
  })

  test.skipIf(logger.missing)('logger writes the same form of record', async () => {
    const address = socketPath()
    const daemon = bound(address)
    const stranger = spawnProgram(logger.path, ['-u', address, '-p', 'daemon.err', '-t', 'test', 'the words'])
    const theirs = await next(daemon)
    await stranger.exit
    await syslog('err', 'the words', { address, facility: 'daemon', ident: 'test', pid: false })
    const ours = await next(daemon)
    const form = /^<27>[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d test: the words$/
    expect(ours).toMatch(form)
    expect(theirs).toMatch(form)
  })

  test.skipIf(python.missing)('glibc itself has the same facilities and severities', async () => {
    const program = `
import syslog
for name in ('KERN','USER','MAIL','DAEMON','AUTH','SYSLOG','LPR','NEWS','UUCP','CRON','LOCAL0','LOCAL7'):
    print(name.lower(), getattr(syslog, 'LOG_' + name) // 8)
for name in ('EMERG','ALERT','CRIT','ERR','WARNING','NOTICE','INFO','DEBUG'):
    print(name.lower(), getattr(syslog, 'LOG_' + name))`
    const peer = spawnProgram(python.path, ['-c', program])
    await peer.exit
    const { facilities, severities } = await import('@uds/stream/datagram')
    const known: Readonly<Record<string, number>> = {
      ...facilities,
      ...severities,
      syslog: facilities.syslog,
    }
    const lines = peer.stdout().trim().split('\n')
    expect(lines).toHaveLength(20)
    for (const line of lines) {
      const [name = '', value] = line.split(' ')
      expect([name, known[name]]).toEqual([name, Number(value)])
    }
  })
})
