/** wasi:filesystem of 0.3: descriptors, streams of files and directories with their futures, paths, and what becomes of errors. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectNoLeak, isWindows, isWine, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { WasiHost, type WasiHostOptions } from '../src/index.ts'
import { buildComponent03 } from './builder/component03.ts'
import { ARGS, BUFFER, Component03, COMPLETED, DROPPED, RET, startComponent03 } from './component03-driver.ts'

/** Numbers of the error codes: the order of filesystem/types.wit of 0.3. */
const errors = {
  'bad-descriptor': 2,
  exist: 6,
  invalid: 11,
  'is-directory': 13,
  loop: 14,
  'no-entry': 19,
  'not-directory': 23,
  'not-permitted': 30,
  'read-only': 32,
} as const

const [DIRECTORY, LINK, REGULAR_FILE] = [2, 4, 5]
const FOLLOW = 1
const [CREATE, AS_DIRECTORY, EXCLUSIVE] = [1, 2, 4]
const [READ, WRITE] = [1, 2]
const ENTRY_SIZE = 24

class Files extends Component03 {
  dir = ''
  root = 0

  /** Calls an async method of a descriptor; returns the number of the error, or undefined. */
  async try(method: string, payload: number, ...args: (number | bigint)[]): Promise<number | undefined> {
    await this.subtask(`descriptor.${method}`, ...args, RET)
    return (await this.u8(RET)) === 0 ? undefined : this.u8(RET + payload)
  }

  async name(path: string, at = BUFFER): Promise<[number, number]> {
    return [at, await this.put(at, path)]
  }

  async tryOpen(path: string, how = 0, flags = READ, follow = FOLLOW): Promise<number | undefined> {
    const [at, length] = await this.name(path)
    await this.words(ARGS, this.root, follow, at, length, how | (flags << 8))
    return this.try('open-at', 4, ARGS)
  }

  async open(path: string, how = 0, flags = READ, follow = FOLLOW): Promise<number> {
    assert.deepEqual([path, await this.tryOpen(path, how, flags, follow)], [path, undefined])
    return this.u32(RET + 4)
  }

  /** A path of the root: the error, or undefined. */
  async onPath(method: string, path: string): Promise<number | undefined> {
    return this.try(method, 4, this.root, ...(await this.name(path)))
  }

  async u64(at: number): Promise<bigint> {
    return Buffer.from(await this.guest.read(at, 8)).readBigUInt64LE()
  }

  /** Reads from an offset to the end: the text, and how it ended. */
  async readAll(fd: number, offset: bigint): Promise<readonly [text: string, error: number | undefined]> {
    await this.guest.call('descriptor.read-via-stream', fd, offset, RET)
    const [stream, future] = [await this.u32(RET), await this.u32(RET + 4)]
    let text = ''
    for (;;) {
      const { result, count } = await this.copy('stream-read.descriptor.read-via-stream', stream, BUFFER, 7)
      text += await this.text(BUFFER, count)
      if (result === DROPPED) break
    }
    await this.guest.call('stream-drop-readable.descriptor.read-via-stream', stream)
    return [text, await this.ended('read-via-stream', future)]
  }

  async ended(method: string, future: number): Promise<number | undefined> {
    await this.guest.write(RET, new Uint8Array(64))
    const { result } = await this.copy(`future-read.descriptor.${method}`, future, RET)
    assert.equal(result, COMPLETED)
    await this.guest.call(`future-drop-readable.descriptor.${method}`, future)
    return this.error()
  }

  /** Writes by a stream: how that ended. */
  async writeAll(
    method: 'write-via-stream' | 'append-via-stream',
    fd: number,
    text: string,
    ...offset: bigint[]
  ): Promise<number | undefined> {
    const [readable, writable] = await this.pair(`stream-new.descriptor.${method}`)
    const future = await this.call(`descriptor.${method}`, fd, readable, ...offset)
    await this.copy(`stream-write.descriptor.${method}`, writable, BUFFER, await this.put(BUFFER, text))
    await this.guest.call(`stream-drop-writable.descriptor.${method}`, writable)
    return this.ended(method, future)
  }

  /** The names in a directory, with their types; and how the list ended. */
  async list(fd: number): Promise<readonly [names: ReadonlyMap<string, number>, error: number | undefined]> {
    await this.guest.call('descriptor.read-directory', fd, RET)
    const [stream, future] = [await this.u32(RET), await this.u32(RET + 4)]
    const found = new Map<string, number>()
    for (;;) {
      const { result, count } = await this.copy('stream-read.descriptor.read-directory', stream, BUFFER, 2)
      for (let index = 0; index < count; index += 1) {
        const at = BUFFER + index * ENTRY_SIZE
        found.set(await this.text(await this.u32(at + 16), await this.u32(at + 20)), await this.u8(at))
      }
      if (result === DROPPED) break
    }
    await this.guest.call('stream-drop-readable.descriptor.read-directory', stream)
    return [found, await this.ended('read-directory', future)]
  }
}

const start = async (options: WasiHostOptions = {}): Promise<Files> => {
  const dir = tempDir()
  const { guest } = await startComponent03({ preopens: { '/data': dir }, ...options })
  const files = Object.assign(new Files(guest), { dir })
  await guest.call('preopens.get-directories', RET)
  if ((await files.u32(RET + 4)) > 0) files.root = await files.u32(await files.u32(RET))
  return files
}

describe('files of a component of 0.3', () => {
  test('are written, appended to and read by streams, whose futures say how they ended', async () => {
    const guest = await start()
    const fd = await guest.open('file', CREATE | EXCLUSIVE, READ | WRITE)
    expect(await guest.writeAll('write-via-stream', fd, 'hello world', 0n)).toBeUndefined()
    expect(await guest.writeAll('append-via-stream', fd, '!')).toBeUndefined()
    expect(await guest.writeAll('write-via-stream', fd, 'HELLO', 0n)).toBeUndefined()
    expect(readFileSync(join(guest.dir, 'file'), 'utf8')).toBe('HELLO world!')
    expect(await guest.readAll(fd, 6n)).toEqual(['world!', undefined])
    expect(await guest.readAll(fd, 100n)).toEqual(['', undefined])
    expect(await guest.readAll(fd, 2n ** 64n - 1n)).toEqual(['', errors.invalid])
    const reader = await guest.open('file')
    expect(await guest.writeAll('write-via-stream', reader, 'x', 0n)).toBe(errors['bad-descriptor'])
    expect(await guest.readAll(guest.root, 0n)).toEqual(['', errors['bad-descriptor']])
  })

  test('a stream goes on without its descriptor', async () => {
    const guest = await start()
    writeFileSync(join(guest.dir, 'file'), 'kept')
    const fd = await guest.open('file')
    await guest.guest.call('descriptor.read-via-stream', fd, 0n, RET)
    const stream = await guest.u32(RET)
    await guest.guest.call('drop.descriptor', fd)
    const { count } = await guest.copy('stream-read.descriptor.read-via-stream', stream, BUFFER, 100)
    expect(await guest.text(BUFFER, count)).toBe('kept')
  })

  test('names are made, listed, changed and removed', async () => {
    const guest = await start()
    expect(await guest.onPath('create-directory-at', 'sub')).toBeUndefined()
    expect(await guest.onPath('create-directory-at', 'sub')).toBe(errors.exist)
    writeFileSync(join(guest.dir, 'sub', 'one'), '')
    mkdirSync(join(guest.dir, 'sub', 'two'))
    if (!isWindows) symlinkSync('one', join(guest.dir, 'sub', 'three'))
    const sub = await guest.open('sub', AS_DIRECTORY)
    const [names, error] = await guest.list(sub)
    expect(error).toBeUndefined()
    expect([...names].toSorted(([one], [other]) => one.localeCompare(other))).toEqual([
      ['one', REGULAR_FILE],
      ...(isWindows ? [] : [['three', LINK]]),
      ['two', DIRECTORY],
    ])
    const [from, to] = [await guest.name('sub/one'), await guest.name('other', BUFFER + 100)]
    await guest.words(ARGS, guest.root, ...from, guest.root, ...to)
    expect(await guest.try('rename-at', 4, ARGS)).toBeUndefined()
    expect(existsSync(join(guest.dir, 'other'))).toBe(true)
    expect(await guest.list(await guest.open('other'))).toEqual([new Map(), errors['not-directory']])
    expect(await guest.onPath('unlink-file-at', '.')).toBe(errors['is-directory'])
    expect(await guest.onPath('unlink-file-at', 'other')).toBeUndefined()
    expect(await guest.onPath('remove-directory-at', 'sub/two')).toBeUndefined()
    expect(await guest.onPath('remove-directory-at', 'sub/two')).toBe(errors['no-entry'])
  })

  test('a status has a type, a size and times, of before 1970 too', async () => {
    const guest = await start()
    writeFileSync(join(guest.dir, 'file'), 'four')
    utimesSync(join(guest.dir, 'file'), 1_000_000_000.5, 0)
    const fd = await guest.open('file')
    // no-change, and -2 s and 250 ms.
    await guest.words(ARGS, fd, 0, 0, 0, 0, 0, 0, 0, 2, 0, -2, -1, 250_000_000)
    expect(await guest.try('set-times', 4, ARGS)).toBeUndefined()
    expect(await guest.try('stat', 8, fd)).toBeUndefined()
    expect(await guest.u8(RET + 8)).toBe(REGULAR_FILE)
    expect(await guest.u64(RET + 8 + 24)).toBe(4n)
    const [accessed, modified] = [RET + 8 + 32, RET + 8 + 56]
    // Wine has the present as the access time of a file that is open.
    if (!isWine) {
      expect(await guest.u64(accessed + 8)).toBe(1_000_000_000n)
      expect(await guest.u32(accessed + 16)).toBe(500_000_000)
    }
    // Node reads the seconds on Windows as 32 bits without a sign.
    const before1970 = isWindows ? 2n ** 32n - 2n : -2n
    expect(BigInt.asIntN(64, await guest.u64(modified + 8))).toBe(before1970)
    expect(await guest.u32(modified + 16)).toBe(250_000_000)
    expect(await guest.try('stat-at', 8, guest.root, FOLLOW, ...(await guest.name('none')))).toBe(
      errors['no-entry'],
    )
  })

  test('what is opened for nothing is read, what is created is written', async () => {
    const guest = await start()
    const flagsOf = async (fd: number): Promise<number> => {
      expect(await guest.try('get-flags', 4, fd)).toBeUndefined()
      return guest.u8(RET + 4)
    }
    expect(await flagsOf(await guest.open('file', CREATE, 0))).toBe(READ | WRITE)
    expect(await flagsOf(await guest.open('file', 0, 0))).toBe(READ)
    expect(await flagsOf(await guest.open('file', 0, WRITE))).toBe(WRITE)
  })

  test('no path leads out of a directory, and a read-only one is not changed', async () => {
    const guest = await start()
    expect(await guest.tryOpen('../x')).toBe(errors['not-permitted'])
    expect(await guest.tryOpen('/etc')).toBe(errors['not-permitted'])
    if (!isWindows) {
      symlinkSync('..', join(guest.dir, 'out'))
      expect(await guest.tryOpen('out/x')).toBe(errors['not-permitted'])
      expect(await guest.tryOpen('out', 0, READ, 0)).toBe(errors.loop)
    }
    const dir = tempDir()
    const locked = await start({ preopens: { '/data': { path: dir, readOnly: true } } })
    expect(await locked.tryOpen('new', CREATE)).toBe(errors['read-only'])
    expect(await locked.onPath('create-directory-at', 'sub')).toBe(errors['read-only'])
  })

  test('a component that ends within its streams leaves no file open', async () => {
    const dir = tempDir()
    writeFileSync(join(dir, 'file'), 'x')
    const component = buildComponent03()
    await expectNoLeak(async () => {
      const guest = await new WasiHost({ stdin: 'ignore', preopens: { '/': dir } }).instantiate(component)
      const files = new Files(guest)
      await guest.call('preopens.get-directories', RET)
      files.root = await files.u32(await files.u32(RET))
      const fd = await files.open('file')
      await guest.call('descriptor.read-via-stream', fd, 0n, RET)
      const [readable] = await files.pair('stream-new.descriptor.write-via-stream')
      await files.call('descriptor.write-via-stream', await files.open('file', 0, WRITE), readable, 0n)
      await guest.close()
    })
  })
})
