/** Files of preview 1, as a guest sees them: offsets, flags, times, names in pieces, rights, numbers. */
import { deepEqual, equal } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, expectNoLeak, isWindows, isWine, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { WasiHost, type WasiHostOptions } from '../src/index.ts'
import { wasiErrno } from '../src/outcome/errno.ts'
import { buildModule, preview1 } from './builder/module.ts'
import { drive, Driven, OUT, waits } from './driver.ts'

const imports = preview1(
  'path_open:iiiiiIIii',
  'path_create_directory:iii',
  'path_filestat_get:iiiii',
  'path_filestat_set_times:iiiiIIi',
  'path_readlink:iiiiii',
  'path_unlink_file:iii',
  'fd_read:iiii',
  'fd_write:iiii',
  'fd_pread:iiiIi',
  'fd_pwrite:iiiIi',
  'fd_seek:iIii',
  'fd_tell:ii',
  'fd_allocate:iII',
  'fd_advise:iIIi',
  'fd_sync:i',
  'fd_datasync:i',
  'fd_readdir:iiiIi',
  'fd_renumber:ii',
  'fd_close:i',
  'fd_fdstat_get:ii',
  'fd_fdstat_set_flags:ii',
  'fd_fdstat_set_rights:iII',
  'fd_filestat_get:ii',
  'fd_filestat_set_size:iI',
  'fd_filestat_set_times:iIIi',
  'fd_prestat_get:ii',
  'fd_prestat_dir_name:iii',
  'poll_oneoff:iiii',
  'sock_shutdown:ii',
  'clock_time_get:iIi',
  'clock_res_get:ii',
  'args_sizes_get:ii',
  'args_get:ii',
  'environ_sizes_get:ii',
  'environ_get:ii',
)

const [SUCCESS, ROOT, NAME, IOV, DATA, PLACE] = [0, 3, 512, 64, 4096, 1024]
const [FOLLOW, CREAT, DIRECTORY, TRUNC] = [1, 1, 2, 8]
const [APPEND, DSYNC, NONBLOCK] = [1, 2, 4]
const [SET, CUR, END] = [0, 1, 2]
const [READ, WRITE, SEEK] = [1n << 1n, 1n << 6n, 1n << 2n]
const BOTH = READ | WRITE

interface OpenAs {
  readonly oflags?: number
  readonly rights?: bigint
  readonly flags?: number
  readonly follow?: number
}

/** The calls of a guest on files, with the directory of the host in descriptor 3. */
class Files extends Driven {
  dir = ''

  async path(name: string): Promise<[number, number]> {
    return [NAME, await this.put(NAME, name)]
  }

  async open(
    name: string,
    { oflags = 0, rights = BOTH, flags = 0, follow = 0 }: OpenAs = {},
  ): Promise<number> {
    const errno = await this.call(
      'path_open',
      ROOT,
      follow,
      ...(await this.path(name)),
      oflags,
      rights,
      0n,
      flags,
      OUT,
    )
    deepEqual([name, errno], [name, SUCCESS])
    return this.u32(OUT)
  }

  async write(fd: number, words: string, offset?: bigint): Promise<void> {
    await this.words(IOV, DATA, await this.put(DATA, words))
    const errno =
      offset === undefined
        ? await this.call('fd_write', fd, IOV, 1, OUT)
        : await this.call('fd_pwrite', fd, IOV, 1, offset, OUT)
    deepEqual([errno, await this.u32(OUT)], [SUCCESS, words.length])
  }

  async read(fd: number, offset?: bigint): Promise<string> {
    await this.words(IOV, DATA, 3, DATA + 3, 61)
    const errno =
      offset === undefined
        ? await this.call('fd_read', fd, IOV, 2, OUT)
        : await this.call('fd_pread', fd, IOV, 2, offset, OUT)
    equal(errno, SUCCESS)
    return this.text(DATA, await this.u32(OUT))
  }

  async u64(at: number): Promise<bigint> {
    return Buffer.from(await this.guest.read(at, 8)).readBigUInt64LE()
  }

  async stat(
    fd: number,
  ): Promise<{ type: number; size: bigint; ino: bigint; accessed: bigint; modified: bigint }> {
    equal(await this.call('fd_filestat_get', fd, PLACE), SUCCESS)
    const stat = Buffer.from(await this.guest.read(PLACE, 64))
    return {
      ino: stat.readBigUInt64LE(8),
      type: stat.readUInt8(16),
      size: stat.readBigUInt64LE(32),
      accessed: stat.readBigUInt64LE(40),
      modified: stat.readBigUInt64LE(48),
    }
  }

  /** Names with their types, read in pieces of so many bytes. */
  async list(fd: number, size: number): Promise<[name: string, type: number, ino: bigint][]> {
    const found: [string, number, bigint][] = []
    for (let cookie = 0n; ;) {
      equal(await this.call('fd_readdir', fd, DATA, size, cookie, OUT), SUCCESS)
      const used = await this.u32(OUT)
      const bytes = Buffer.from(await this.guest.read(DATA, used))
      let whole = 0
      for (let at = 0; at + 24 <= used;) {
        const length = bytes.readUInt32LE(at + 16)
        if (at + 24 + length > used) break
        const name = bytes.toString('utf8', at + 24, at + 24 + length)
        found.push([name, bytes.readUInt8(at + 20), bytes.readBigUInt64LE(at + 8)])
        cookie = bytes.readBigUInt64LE(at)
        at += 24 + length
        whole += 1
      }
      if (used < size || whole === 0) return found
    }
  }
}

const start = async (host: WasiHostOptions = {}, sections: readonly string[] = []): Promise<Files> => {
  const dir = tempDir()
  const { guest } = await drive({ imports, sections, host: { preopens: { '/data': dir }, ...host } })
  return Object.assign(new Files(guest), { dir })
}

describe.each(waits)('files under %s', (wait) => {
  test('a file is written and read at its own offset, and at others', async () => {
    const guest = await start({ wait })
    const fd = await guest.open('file', { oflags: CREAT })
    await guest.write(fd, 'hello world')
    expect(await guest.call('fd_seek', fd, 6n, SET, OUT)).toBe(SUCCESS)
    expect(await guest.read(fd)).toBe('world')
    expect(await guest.read(fd)).toBe('')
    await guest.write(fd, 'W', 6n)
    expect(await guest.read(fd, 0n)).toBe('hello World')
    expect(await guest.call('fd_tell', fd, OUT)).toBe(SUCCESS)
    expect(await guest.u64(OUT)).toBe(11n)
    expect(await guest.call('fd_seek', fd, -5n, END, OUT)).toBe(SUCCESS)
    expect(await guest.call('fd_seek', fd, -1n, CUR, OUT)).toBe(SUCCESS)
    expect(await guest.u64(OUT)).toBe(5n)
    for (const [distance, whence] of [
      [-6n, CUR],
      [0n, 3],
      [-1n, SET],
    ] as const)
      expect(await guest.call('fd_seek', fd, distance, whence, OUT)).toBe(wasiErrno['EINVAL'])
    expect(readFileSync(join(guest.dir, 'file'), 'utf8')).toBe('hello World')
    for (const each of ['fd_sync', 'fd_datasync']) expect(await guest.call(each, fd)).toBe(SUCCESS)
  })

  test('several parts are read and written, also where the memory has grown and may have moved', async () => {
    const guest = await start({ wait })
    const fd = await guest.open('file', { oflags: CREAT })
    const parts = (...ranges: readonly (readonly [at: number, size: number])[]): Promise<void> =>
      guest.words(IOV, ...ranges.flat())
    await guest.put(DATA, 'onethree')
    await guest.put(DATA + 100, 'two')
    await parts([DATA, 3], [0, 0], [DATA + 100, 3], [DATA + 3, 5])
    expect(await guest.call('fd_write', fd, IOV, 4, OUT)).toBe(SUCCESS)
    expect(readFileSync(join(guest.dir, 'file'), 'utf8')).toBe('onetwothree')
    for (let more = 0; more < 4; more += 1) {
      const end = 65_536 * (await guest.call('grow', 64))
      expect(end).toBeGreaterThan(0)
      await parts([end, 4], [end + 65_536, 100], [DATA, 0])
      expect(await guest.call('fd_pread', fd, IOV, 3, 1n, OUT)).toBe(SUCCESS)
      expect(await guest.u32(OUT)).toBe(10)
      expect(await guest.text(end, 4)).toBe('netw')
      expect(await guest.text(end + 65_536, 6)).toBe('othree')
      await parts([end, 5])
      expect(await guest.call('fd_pread', fd, IOV, 1, 6n, OUT)).toBe(SUCCESS)
      expect(await guest.text(end, 5)).toBe('three')
    }
    await parts([DATA, 1], [0x7fff_0000, 1])
    expect(await guest.call('fd_pread', fd, IOV, 2, 0n, OUT)).toBe(wasiErrno['EFAULT'])
    expect(await guest.call('fd_pread', fd, IOV, 1025, 0n, OUT)).toBe(wasiErrno['EFAULT'])
    const reading = await guest.open('file', { rights: READ })
    expect(await guest.call('fd_write', reading, IOV, 1, OUT)).toBe(wasiErrno['ENOTCAPABLE'])
  })

  test('what a guest leaves open is closed with it', async () => {
    const dir = tempDir()
    writeFileSync(join(dir, 'file'), '')
    const host = new WasiHost({ wait, stdin: 'ignore', preopens: { '/': dir } })
    const module = await host.compile(buildModule({ imports }))
    const run = async (): Promise<void> => {
      const guest = await host.instantiate(module)
      await guest.write(NAME, Buffer.from('file'))
      for (let left = 20; left > 0; left -= 1)
        expect(await guest.call('path_open', 3, 0, NAME, 4, 0, BOTH, 0n, 0, OUT)).toBe(SUCCESS)
      await guest.close()
    }
    await run()
    await expectNoLeak(run, { times: 3 })
  })
})

test('what a guest has open that is ended while it computes is closed with its thread', async () => {
  const host = new WasiHost({ wait: 'worker', stdin: 'ignore', preopens: { '/': tempDir() } })
  const module = await host.compile(
    buildModule({ imports, wat: '(func (export "spin") (loop $for_ever (br $for_ever)))' }),
  )
  const run = async (): Promise<void> => {
    const controller = new AbortController()
    const guest = await host.instantiate(module, { signal: controller.signal })
    await guest.write(NAME, Buffer.from('.'))
    for (let left = 20; left > 0; left -= 1)
      expect(await guest.call('path_open', 3, 0, NAME, 1, DIRECTORY, 0n, 0n, 0, OUT)).toBe(SUCCESS)
    const ended = codeOf(guest.call('spin'))
    controller.abort()
    expect(await ended).toBe(20)
    await guest.close()
  }
  await run()
  await expectNoLeak(run, { times: 3 })
})

describe('files', () => {
  test('APPEND writes at the end, and can be set and taken away', async () => {
    const guest = await start()
    const fd = await guest.open('log', { oflags: CREAT, flags: APPEND | DSYNC })
    await guest.write(fd, 'one')
    await guest.call('fd_seek', fd, 0n, SET, OUT)
    await guest.write(fd, 'two')
    await guest.call('fd_tell', fd, OUT)
    expect(await guest.u64(OUT)).toBe(6n)
    await guest.call('fd_fdstat_get', fd, PLACE)
    expect(await guest.u16(PLACE + 2)).toBe(APPEND | DSYNC)
    const errno = await guest.call('fd_fdstat_set_flags', fd, NONBLOCK)
    // Where the system can open a file once more by its descriptor.
    if (errno === wasiErrno['ENOTSUP']) return expect(process.platform).not.toBe('linux')
    expect(errno).toBe(SUCCESS)
    await guest.call('fd_seek', fd, 0n, SET, OUT)
    await guest.write(fd, 'ONE')
    expect(await guest.call('fd_fdstat_set_flags', fd, APPEND)).toBe(SUCCESS)
    await guest.write(fd, '!')
    expect(readFileSync(join(guest.dir, 'log'), 'utf8')).toBe('ONEtwo!')
    expect(await guest.call('fd_fdstat_set_flags', fd, 32)).toBe(wasiErrno['EINVAL'])
  })

  test('sizes: truncated, made longer, allocated', async () => {
    const guest = await start()
    writeFileSync(join(guest.dir, 'file'), 'content')
    const fd = await guest.open('file', { oflags: TRUNC })
    expect((await guest.stat(fd)).size).toBe(0n)
    expect(await guest.call('fd_filestat_set_size', fd, 10n)).toBe(SUCCESS)
    expect(await guest.call('fd_allocate', fd, 5n, 10n)).toBe(SUCCESS)
    expect(await guest.call('fd_allocate', fd, 0n, 3n)).toBe(SUCCESS)
    expect((await guest.stat(fd)).size).toBe(15n)
    expect(await guest.call('fd_allocate', fd, 0n, 0n)).toBe(wasiErrno['EINVAL'])
    expect(await guest.call('fd_advise', fd, 0n, 15n, 4)).toBe(SUCCESS)
    expect(await guest.call('fd_advise', fd, 0n, 15n, 6)).toBe(wasiErrno['EINVAL'])
  })

  test('times are set, kept, and set to now', async () => {
    const guest = await start()
    writeFileSync(join(guest.dir, 'file'), '')
    const path = join(guest.dir, 'file')
    const fd = await guest.open('file')
    const [accessed, time] = [1_600_000_000_000_000_000n, 1_700_000_000_123_456_700n]
    expect(await guest.call('fd_filestat_set_times', fd, accessed, 0n, 1)).toBe(SUCCESS)
    expect(await guest.call('fd_filestat_set_times', fd, 0n, time, 4)).toBe(SUCCESS)
    const stat = await guest.stat(fd)
    if (!isWindows) expect(stat.modified).toBe(time)
    else expect(stat.modified / 1000n).toBe(time / 1000n)
    // Wine has the present as the access time of a file that is open.
    if (!isWine) expect(stat.accessed).toBe(accessed)
    const set = async (...args: (number | bigint)[]): Promise<number> =>
      guest.call('path_filestat_set_times', ROOT, FOLLOW, ...(await guest.path('file')), ...args)
    expect(await set(time, 0n, 1)).toBe(SUCCESS)
    if (!isWine) expect(statSync(path, { bigint: true }).atimeNs / 1000n).toBe(time / 1000n)
    expect(await set(0n, 0n, 8)).toBe(SUCCESS)
    expect(statSync(path, { bigint: true }).mtimeNs).toBeGreaterThan(time)
    for (const flags of [3, 12, 16]) expect(await set(0n, 0n, flags)).toBe(wasiErrno['EINVAL'])
  })

  test('names are read in pieces of any size, with . and .., their types and their numbers', async () => {
    const guest = await start()
    const names = Array.from({ length: 40 }, (_, index) => `a name that is long enough ${index} ä`)
    for (const each of names) writeFileSync(join(guest.dir, each), '')
    mkdirSync(join(guest.dir, 'directory'))
    const all = ['.', '..', ...names, 'directory'].toSorted()
    for (const size of [100, 256, 1000, 30_000]) {
      const found = await guest.list(ROOT, size)
      expect(found.map(([name]) => name).toSorted()).toEqual(all)
      const types = new Map(found.map(([name, type]) => [name, type]))
      expect([types.get('.'), types.get('directory'), types.get(names[0]!)]).toEqual([3, 3, 4])
      expect(found.find(([name]) => name === names[7])?.[2]).toBe(
        lstatSync(join(guest.dir, names[7]!), { bigint: true }).ino,
      )
    }
    // One that is not whole is cut off, and a cookie behind the last ends the list.
    expect(await guest.call('fd_readdir', ROOT, DATA, 10, 0n, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(10)
    expect(await guest.call('fd_readdir', ROOT, DATA, 1000, 1000n, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(0)
  })

  test('a number is given to another descriptor, whose file is closed', async () => {
    const guest = await start()
    const [one, two] = [
      await guest.open('one', { oflags: CREAT }),
      await guest.open('two', { oflags: CREAT }),
    ]
    const { ino } = await guest.stat(one)
    expect(await guest.call('fd_renumber', one, two)).toBe(SUCCESS)
    expect((await guest.stat(two)).ino).toBe(ino)
    expect(await guest.call('fd_filestat_get', one, PLACE)).toBe(wasiErrno['EBADF'])
    expect(await guest.call('fd_renumber', two, ROOT)).toBe(SUCCESS)
    expect(await guest.call('fd_prestat_get', ROOT, PLACE)).toBe(wasiErrno['EBADF'])
  })

  test('rights: what was not asked for, what was dropped, what is not had again', async () => {
    const guest = await start()
    writeFileSync(join(guest.dir, 'file'), 'x')
    const fd = await guest.open('file', { rights: READ })
    await guest.words(IOV, DATA, 1)
    expect(await guest.call('fd_write', fd, IOV, 1, OUT)).toBe(wasiErrno['ENOTCAPABLE'])
    expect(await guest.read(fd)).toBe('x')
    expect(await guest.call('fd_fdstat_set_rights', fd, READ, 0n)).toBe(SUCCESS)
    expect(await guest.call('fd_seek', fd, 0n, SET, OUT)).toBe(wasiErrno['ENOTCAPABLE'])
    expect(await guest.call('fd_fdstat_set_rights', fd, READ | SEEK, 0n)).toBe(wasiErrno['ENOTCAPABLE'])
    await guest.call('fd_fdstat_get', ROOT, PLACE)
    const [base, inheriting] = [await guest.u64(PLACE + 8), await guest.u64(PLACE + 16)]
    expect(await guest.call('fd_fdstat_set_rights', ROOT, base, inheriting & ~WRITE)).toBe(SUCCESS)
    const open = await guest.call('path_open', ROOT, 0, ...(await guest.path('file')), 0, BOTH, 0n, 0, OUT)
    expect(open).toBe(wasiErrno['ENOTCAPABLE'])
  })

  test('directories are neither read nor written as files, nor made by opening', async () => {
    const guest = await start()
    await guest.call('path_create_directory', ROOT, ...(await guest.path('made')))
    const fd = await guest.open('made', { oflags: DIRECTORY, rights: READ })
    await guest.words(IOV, DATA, 1)
    for (const each of ['fd_read', 'fd_write'])
      expect(await guest.call(each, fd, IOV, 1, OUT)).toBe(wasiErrno['EISDIR'])
    expect(await guest.call('fd_seek', fd, 0n, SET, OUT)).toBe(wasiErrno['EISDIR'])
    const attempt = async (name: string, oflags: number, rights = 0n): Promise<number> =>
      guest.call('path_open', ROOT, 0, ...(await guest.path(name)), oflags, rights, 0n, 0, OUT)
    expect(await attempt('made', DIRECTORY, BOTH)).toBe(wasiErrno['EISDIR'])
    expect(await attempt('new', CREAT | DIRECTORY)).toBe(wasiErrno['EINVAL'])
    expect(await attempt('new/', CREAT)).toBe(wasiErrno['EISDIR'])
    expect(await attempt('\xff\xfe', 16)).toBe(wasiErrno['EINVAL'])
    await guest.put(NAME, [0x66, 0xff])
    expect(await guest.call('path_open', ROOT, 0, NAME, 2, 0, 0n, 0n, 0, OUT)).toBe(wasiErrno['EILSEQ'])
    expect(existsSync(join(guest.dir, 'new'))).toBe(false)
  })

  test.skipIf(isWindows)('a link is read as far as there is room', async () => {
    const guest = await start()
    symlinkSync('target', join(guest.dir, 'link'))
    const read = async (size: number): Promise<string> => {
      expect(await guest.call('path_readlink', ROOT, ...(await guest.path('link')), DATA, size, OUT)).toBe(
        SUCCESS,
      )
      return guest.text(DATA, await guest.u32(OUT))
    }
    expect([await read(4), await read(10)]).toEqual(['targ', 'target'])
  })

  test.skipIf(isWindows)('a FIFO that nobody writes holds up nobody', async () => {
    const guest = await start()
    execFileSync('mkfifo', [join(guest.dir, 'fifo')])
    const fd = await guest.open('fifo', { rights: READ, flags: NONBLOCK })
    expect((await guest.stat(fd)).type).toBe(6)
    expect(await guest.call('fd_seek', fd, 0n, SET, OUT)).toBe(wasiErrno['ESPIPE'])
    const errno = await guest.call('path_open', ROOT, 0, ...(await guest.path('fifo')), 0, WRITE, 0n, 0, OUT)
    expect(errno).toBe(SUCCESS)
    const writer = await guest.u32(OUT)
    await guest.write(writer, 'through')
    expect(await guest.read(fd)).toBe('through')
    expect(await guest.call('fd_close', fd)).toBe(SUCCESS)
    expect(await guest.call('fd_close', writer)).toBe(SUCCESS)
  })

  test('a directory that is not there is an error that names it', async () => {
    const host = new WasiHost({ preopens: { '/data': join(tempDir(), 'none') } })
    const guest = buildModule({ imports: [] })
    await expect(host.instantiate(guest)).rejects.toThrow(/preopens\["\/data"\].*ENOENT/u)
    expect(await codeOf(host.instantiate(guest))).toBe('ENOENT')
  })
})

describe('what needs no file', () => {
  test('arguments and the environment have their lengths, their pointers and a NUL each', async () => {
    const guest = await start({ args: ['program', 'ä'], env: { A: '1', LONG: 'x'.repeat(10) } })
    for (const [which, texts] of [
      ['args', ['program', 'ä']],
      ['environ', ['A=1', `LONG=${'x'.repeat(10)}`]],
    ] as const) {
      expect(await guest.call(`${which}_sizes_get`, OUT, OUT + 4)).toBe(SUCCESS)
      const size = Buffer.byteLength(texts.join('\0')) + 1
      expect([await guest.u32(OUT), await guest.u32(OUT + 4)]).toEqual([2, size])
      expect(await guest.call(`${which}_get`, PLACE, DATA)).toBe(SUCCESS)
      expect(await guest.text(DATA, size)).toBe(`${texts.join('\0')}\0`)
      expect(await guest.u32(PLACE + 4)).toBe(DATA + Buffer.byteLength(texts[0]) + 1)
    }
  })

  test('clocks: the time of day follows Date to the millisecond, and does not go back', async () => {
    const guest = await start()
    let last = 0n
    for (let left = 200; left > 0; left -= 1) {
      const from = BigInt(Date.now())
      expect(await guest.call('clock_time_get', 0, 1n, OUT)).toBe(SUCCESS)
      const to = BigInt(Date.now())
      const time = await guest.u64(OUT)
      expect(time / 1_000_000n >= from && time / 1_000_000n <= to).toBe(true)
      expect(time >= last).toBe(true)
      last = time
    }
    for (const clock of [0, 1, 2, 3]) expect(await guest.call('clock_res_get', clock, OUT)).toBe(SUCCESS)
    expect(await guest.call('clock_time_get', 4, 1n, OUT)).toBe(wasiErrno['EINVAL'])
  })

  test('a stream of the host that stands for a standard stream is no socket', async () => {
    const guest = await start({ stdin: { text: 'x' } })
    expect(await guest.call('sock_shutdown', 0, 1)).toBe(wasiErrno['ENOTSOCK'])
  })
})
