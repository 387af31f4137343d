/** What socket files have on POSIX alone: modes, owners, links, long paths, and the directory of bare names. */
import { execFileSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { socketPath, spawnScript, tempDir } from '@uds/testkit'
import { connect, listen } from '@uds/stream'
import { closing, lineOf, onPosix } from './support.ts'

const withEnvironment = async (
  name: string,
  value: string | undefined,
  body: () => Promise<void>,
): Promise<void> => {
  const before = process.env[name]
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
  try {
    await body()
  } finally {
    if (before === undefined) delete process.env[name]
    else process.env[name] = before
  }
}

describe.skipIf(!onPosix)('socket files', () => {
  test.each([0o600, 0o660, 0o666, 0o755])(
    'mode %o is the mode of the file, whatever the umask',
    async (mode) => {
      for (const umask of [0o000, 0o022, 0o777]) {
        const before = process.umask(umask)
        try {
          const path = socketPath()
          closing(await listen(`unix:${path}`, { mode }))
          expect(lstatSync(path).mode & 0o777).toBe(mode)
        } finally {
          process.umask(before)
        }
      }
    },
  )

  test('gid is the group of the file', async () => {
    const path = socketPath()
    const gid = process.getgid!()
    closing(await listen(`unix:${path}`, { gid }))
    expect(statSync(path).gid).toBe(gid)
  })

  test.skipIf(process.getuid?.() !== 0)('uid is the owner of the file', async () => {
    const path = socketPath()
    closing(await listen(`unix:${path}`, { uid: 12_345, mode: 0o600 }))
    expect(statSync(path)).toMatchObject({ uid: 12_345, mode: expect.any(Number) })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('listening leaves one file, and closing none', async () => {
    const path = socketPath()
    const server = await listen(`unix:${path}`, { mode: 0o600 })
    expect(readdirSync(dirname(path))).toEqual(['s'])
    await server.close()
    expect(readdirSync(dirname(path))).toEqual([])
  })

  test.each([
    ['a directory', (path: string): void => mkdirSync(path)],
    ['a symbolic link', (path: string): void => symlinkSync('elsewhere', path)],
    ['a regular file', (path: string): void => writeFileSync(path, 'precious')],
  ])('%s in the way is left alone, and named', async (kind, put) => {
    for (const options of [{}, { takeOver: true }]) {
      const path = socketPath()
      put(path)
      await expect(listen(`unix:${path}`, options)).rejects.toMatchObject({
        code: 'EADDRINUSE',
        message: expect.stringContaining(kind),
      })
      expect(readdirSync(dirname(path))).toEqual(['s'])
    }
  })

  test('a link to a live socket is not followed by listen, and is by connect', async () => {
    const path = socketPath()
    closing(await listen(`unix:${path}`))
    const link = socketPath()
    symlinkSync(path, link)
    await expect(listen(`unix:${link}`, { takeOver: true })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    ;(await connect(`unix:${link}`)).destroy()
  })

  test('a directory that is missing, or is a file, is named', async () => {
    const path = join(tempDir(), 'missing', 's')
    await expect(listen(`unix:${path}`)).rejects.toMatchObject({ code: 'ENOENT', address: `unix:${path}` })
    const file = socketPath()
    writeFileSync(file, '')
    await expect(listen(`unix:${file}/s`)).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(connect(`unix:${file}/s`)).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  test('no rights in the directory, or on the file, is EACCES, and says which right is missing', async () => {
    const directory = tempDir()
    const script = new URL('./fixtures/no-rights.ts', import.meta.url)
    const server = closing(await listen(`unix:${directory}/closed`, { mode: 0o600 }))
    chmodSync(directory, 0o555)
    // Its owner may connect whatever the mode; root may do anything: so the other is another user, if there can be one.
    if (process.getuid!() !== 0) chmodSync(`${directory}/closed`, 0)
    const other = spawnScript(script, [`${directory}/fresh`, `${directory}/closed`])
    expect(await other.exit).toEqual({ code: 0, signal: null })
    expect(other.stdout()).toMatch(/^listen EACCES.*permission denied.*write permission on its directory/m)
    expect(other.stdout()).toMatch(/^connect EACCES.*permission denied.*write permission on the socket file/m)
    expect(server.connections).toBe(0)
  })

  test.skipIf(process.getuid?.() !== 0)('sameUser refuses another user, whom the mode lets in', async () => {
    const directory = tempDir()
    chmodSync(directory, 0o755)
    const server = closing(await listen(`unix:${directory}/open`, { mode: 0o666, authorize: 'sameUser' }))
    const told = once(server, 'connectionError')
    const script = new URL('./fixtures/no-rights.ts', import.meta.url)
    const other = spawnScript(script, ['', `${directory}/open`])
    const [error] = (await told) as [Error]
    expect(error).toMatchObject({ code: 'EACCES', message: expect.stringContaining('uid 65534') })
    expect(await other.exit).toEqual({ code: 0, signal: null })
    expect(other.stdout()).toMatch(/^closed after 0 bytes$/m)
  })

  test('a path that nothing can shorten is ENAMETOOLONG, with the number of its bytes', async () => {
    const path = join(tempDir(), 'é'.repeat(60))
    const message = expect.stringContaining(`${Buffer.byteLength(path)} bytes`)
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({ code: 'ENAMETOOLONG', message })
  })

  test('a path of more bytes than sun_path works where its directory can be reached by a descriptor', async () => {
    const directory = join(tempDir(), 'd'.repeat(100), 'e'.repeat(100))
    mkdirSync(directory, { recursive: true })
    const path = join(directory, 'long.sock')
    const server = closing(await listen(`unix:${path}`, { mode: 0o600 }))
    expect(server.address).toBe(`unix:${path}`)
    server.on('connection', (connection) => connection.end('here'))
    expect(await lineOf(await connect(`unix:${path}`))).toBe('here')
    expect(readdirSync(directory)).toEqual(['long.sock'])
    await server.close()
    expect(readdirSync(directory)).toEqual([])
  })
})

describe.skipIf(!onPosix)('the directory of bare names', () => {
  test('is closed to others, below XDG_RUNTIME_DIR', async () => {
    const runtime = tempDir()
    await withEnvironment('XDG_RUNTIME_DIR', runtime, async () => {
      const server = closing(await listen('name:chat'))
      expect(server.address).toBe(`unix:${runtime}/uds/chat.sock`)
      expect(statSync(join(runtime, 'uds')).mode & 0o777).toBe(0o700)
      ;(await connect('name:chat')).destroy()
    })
  })

  test('is below TMPDIR without XDG_RUNTIME_DIR, and has the uid in its name', async () => {
    const temporary = tempDir()
    await withEnvironment('XDG_RUNTIME_DIR', undefined, () =>
      withEnvironment('TMPDIR', temporary, async () => {
        const server = closing(await listen('name:chat'))
        const directory = join(temporary, `uds-${process.geteuid!()}`)
        expect(server.address).toBe(`unix:${directory}/chat.sock`)
        expect(statSync(directory).mode & 0o777).toBe(0o700)
      }),
    )
  })

  test('is made by listen, not by connect, whose error names the places', async () => {
    const runtime = tempDir()
    await withEnvironment('XDG_RUNTIME_DIR', runtime, async () => {
      const attempt = connect('name:chat')
      await expect(attempt).rejects.toMatchObject({
        code: 'ENOENT',
        address: `unix:${runtime}/uds/chat.sock`,
        message: expect.stringContaining(`${runtime}/uds (XDG_RUNTIME_DIR)`),
      })
      expect(readdirSync(runtime)).toEqual([])
    })
  })

  test('is not below a directory where others may write', async () => {
    const runtime = tempDir()
    chmodSync(runtime, 0o777)
    await withEnvironment('XDG_RUNTIME_DIR', runtime, async () => {
      for (const refused of [listen('name:chat'), connect('name:chat')])
        await expect(refused).rejects.toMatchObject({ code: 'EACCES', address: runtime })
      expect(readdirSync(runtime)).toEqual([])
    })
  })

  test('is refused when others may enter it', async () => {
    const runtime = tempDir()
    mkdirSync(join(runtime, 'uds'))
    chmodSync(join(runtime, 'uds'), 0o755)
    await withEnvironment('XDG_RUNTIME_DIR', runtime, async () => {
      await expect(listen('name:chat')).rejects.toMatchObject({
        code: 'EACCES',
        message: expect.stringContaining('755'),
      })
    })
  })

  test('is refused when it is a link, or a file', async () => {
    const runtime = tempDir()
    symlinkSync(tempDir(), join(runtime, 'uds'))
    await withEnvironment('XDG_RUNTIME_DIR', runtime, async () => {
      await expect(connect('name:chat')).rejects.toMatchObject({ code: 'EACCES' })
    })
  })

  test.skipIf(process.getuid?.() !== 0)("is refused when it is somebody else's", async () => {
    const runtime = tempDir()
    const directory = join(runtime, 'uds')
    mkdirSync(directory, { mode: 0o700 })
    execFileSync('chown', ['12345', directory])
    await withEnvironment('XDG_RUNTIME_DIR', runtime, async () => {
      await expect(listen('name:chat')).rejects.toMatchObject({
        code: 'EACCES',
        message: expect.stringContaining('12345'),
      })
    })
  })
})
