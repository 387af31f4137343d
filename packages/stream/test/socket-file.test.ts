/** What becomes of the file of a listener while it listens, and when its process loses its rights or ends. */
import { once } from 'node:events'
import { lstatSync, lutimesSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { codeOf, socketPath, spawnScript, tempDir, until } from '@uds/testkit'
import { connect, ConnectionListener, listen, unix, withLimits } from '@uds/stream'
import { capabilities, removeSocketFile, sockets, UnixAddress } from '@uds/winsock-ffi'
import { closing, lineOf, onPosix } from './support.ts'

const hasUnix = unix.capabilities.listen
const onLinux = capabilities().system === 'linux'
const fixture = (name: string): URL => new URL(`./fixtures/${name}.ts`, import.meta.url)

describe.skipIf(!onPosix)('closing', () => {
  test('stops listening when the file cannot be removed: close rejects, the process goes on and ends', async () => {
    const path = socketPath()
    const { exit, stdout } = spawnScript(fixture('close-without-rights'), [path])
    expect(await exit).toEqual({ code: 0, signal: null })
    expect(stdout().trim().split('\n')).toEqual([
      'SocketError unlink EACCES',
      'SocketError unlink EACCES',
      'SocketError connect ECONNREFUSED',
      'listened again',
    ])
    expect(readdirSync(dirname(path))).toEqual([])
  })

  test.skipIf(process.getuid?.() !== 0)(
    'reports a file that stays, of each kind of listener, also where this user may not look',
    async () => {
      const { exit, stdout } = spawnScript(fixture('close-in-a-closed-directory'), [socketPath()])
      expect(await exit).toEqual({ code: 0, signal: null })
      expect(stdout().trim().split('\n')).toEqual(Array(4).fill('SocketError unlink EACCES'))
    },
  )

  test('is no failure when the directory is gone', async () => {
    const path = socketPath()
    const server = await listen(`unix:${path}`)
    unlinkSync(path)
    expect(await codeOf(server.close())).toBe('no error')
  })

  test('a listener over another one rejects as that does, and ends its handshakes', async () => {
    const failure = Object.assign(new Error('not removed'), { code: 'EACCES' })
    const inner = new ConnectionListener({})
    inner.begin({ address: () => 'x:', stop: () => Promise.reject(failure), ref: () => {}, unref: () => {} })
    const outer = await withLimits({ ...unix, listen: async () => inner }, {}).listen('unix:/x')
    expect(await codeOf(outer.close())).toBe('EACCES')
  })
})

describe.skipIf(!onLinux)('the end of a thread or a process', () => {
  test.each(['exit', 'throw'])('%s of a process leaves no file', async (how) => {
    const directory = tempDir()
    await spawnScript(fixture('listen-and-end'), [directory, how]).exit
    expect(readdirSync(directory)).toEqual([])
  })

  test.each(['thread-exit', 'thread-throw'])('%s leaves no file and no socket', async (how) => {
    const script = spawnScript(fixture('listen-and-end'), [tempDir(), how])
    expect(await script.exit).toEqual({ code: 0, signal: null })
    expect(script.stdout()).toMatch(/^left: $/m)
    expect(script.stdout()).toContain('listens again')
  })

  test('a thread that is terminated leaves its files, and every next listener replaces them', async () => {
    const script = spawnScript(fixture('listen-and-end'), [tempDir(), 'thread-terminate'])
    expect({ ...(await script.exit), stderr: script.stderr() }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(script.stdout()).toContain('listens again')
  })
})

describe.skipIf(!onPosix)('cleaners of /tmp', () => {
  test('find the file of a live listener touched every ten minutes, and that of nobody else', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const path = socketPath()
    const other = join(tempDir(), 'other')
    const server = closing(await listen(`unix:${path}`))
    const replaced = await listen(`unix:${other}`)
    unlinkSync(other)
    writeFileSync(other, '')
    for (const file of [path, other]) lutimesSync(file, 1000, 1000)
    vi.advanceTimersByTime(600_000)
    expect(Date.now() - lstatSync(path).mtimeMs).toBeLessThan(60_000)
    expect(Date.now() - lstatSync(path).atimeMs).toBeLessThan(60_000)
    expect(lstatSync(other).mtimeMs).toBe(1_000_000)
    await replaced.close()
    await server.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe.skipIf(!hasUnix)('a file that vanishes', () => {
  test('is reported by unlinked and made again by relink, while open connections go on', async () => {
    const path = socketPath()
    const server = closing(await listen(`unix:${path}`))
    server.on('connection', (connection) => connection.pipe(connection))
    const client = await connect(`unix:${path}`)
    const unlinked = once(server, 'unlinked')
    removeSocketFile(path)
    expect(await unlinked).toEqual(['removed'])
    expect(await codeOf(connect(`unix:${path}`))).toBe('ENOENT')
    await server.relink()
    const late = await connect(`unix:${path}`)
    for (const connection of [client, late]) {
      connection.end('echo')
      expect(await lineOf(connection)).toBe('echo')
    }
    await server.close()
    expect(readdirSync(dirname(path))).toEqual([])
  })

  test('is reported again when it vanishes again', async () => {
    const path = socketPath()
    const server = closing(await listen(`unix:${path}`))
    const causes: string[] = []
    server.on('unlinked', (cause) => causes.push(cause))
    for (const count of [1, 2]) {
      removeSocketFile(path)
      await until(() => causes.length === count)
      await server.relink()
    }
    ;(await connect(`unix:${path}`)).destroy()
    expect(causes).toEqual(['removed', 'removed'])
  })

  test('relink changes nothing while the file leads here', async () => {
    const path = socketPath()
    const server = closing(await listen(`unix:${path}`, { mode: 0o600 }))
    const before = onPosix ? lstatSync(path).ino : 0
    await server.relink()
    expect(onPosix ? lstatSync(path).ino : 0).toBe(before)
    ;(await connect(`unix:${path}`)).destroy()
  })

  test('relink takes the path from no successor: it rejects, and ends no process when nobody waits for it', async () => {
    const path = socketPath()
    const old = closing(await listen(`unix:${path}`))
    const unlinked = once(old, 'unlinked')
    const successor = closing(await listen(`unix:${path}`, { takeOver: true }))
    successor.on('connection', (connection) => connection.end('successor'))
    expect(await unlinked).toEqual(['replaced'])
    const failed = once(old, 'connectionError')
    void old.relink()
    expect((await failed)[0]).toMatchObject({ code: 'EADDRINUSE' })
    expect(await lineOf(await connect(`unix:${path}`))).toBe('successor')
  })

  test('relink keeps mode, and is EBADF after close and nothing without a file', async () => {
    const path = socketPath()
    const server = await listen(`unix:${path}`, { mode: 0o600 })
    removeSocketFile(path)
    await server.relink()
    if (onPosix) expect(lstatSync(path).mode & 0o777).toBe(0o600)
    await server.close()
    expect(await codeOf(server.relink())).toBe('EBADF')
    const tcp = closing(await listen('tcp:127.0.0.1:0'))
    await tcp.relink()
  })

  test('a listener over another one reports it and makes it again too', async () => {
    const path = socketPath()
    const server = closing(await withLimits(unix, { maxConnections: 10 }).listen(`unix:${path}`))
    const unlinked = once(server, 'unlinked')
    removeSocketFile(path)
    expect(await unlinked).toEqual(['removed'])
    await server.relink()
    ;(await connect(`unix:${path}`)).destroy()
  })
})

describe.skipIf(!onPosix)('a second server', () => {
  test('finds the path taken without a connection that the first one sees', async () => {
    const path = socketPath()
    const first = closing(await listen(`unix:${path}`))
    const seen: unknown[] = []
    first.on('connection', (connection) => seen.push(connection))
    first.on('connectionError', (error) => seen.push(error))
    for (let count = 0; count < 3; count += 1) expect(await codeOf(listen(`unix:${path}`))).toBe('EADDRINUSE')
    ;(await connect(`unix:${path}`)).destroy()
    await until(() => seen.length > 0)
    expect(seen.length).toBe(1)
  })

  test.each(['stream', 'seqpacket', 'datagram'] as const)(
    'never replaces a %s socket that is bound, whether or not it listens yet',
    async (type) => {
      const path = socketPath()
      const bound = sockets.open('unix', type)
      onTestFinished(() => bound.close())
      sockets.bind(bound, UnixAddress.path(path))
      expect(await codeOf(listen(`unix:${path}`))).toBe('EADDRINUSE')
      expect(lstatSync(path).isSocket()).toBe(true)
    },
  )
})
