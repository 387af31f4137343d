/** wasi:filesystem of 0.2: descriptors, streams of files, names, times, and what becomes of errors. */
import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectNoLeak, isWindows, isWine, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { WasiHost, type WasiHostOptions } from '../src/index.ts'
import { buildComponent } from './builder/component.ts'
import { BUFFER, Component, RET, startComponent } from './component-driver.ts'
import { waits } from './driver.ts'

/** Numbers of the error codes: the order of filesystem/types.wit. */
const errors = {
  'bad-descriptor': 3,
  exist: 7,
  invalid: 12,
  'is-directory': 14,
  loop: 15,
  'no-entry': 20,
  'not-directory': 24,
  'not-empty': 25,
  'not-permitted': 31,
  'read-only': 33,
} as const

const NEW_NAME = BUFFER + 512
const FOLLOW = 1
const [CREATE, DIRECTORY, EXCLUSIVE, TRUNCATE] = [1, 2, 4, 8]
const [READ, WRITE, MUTATE] = [1, 2, 32]
const [CLOSED, FAILED] = [1, 0]

/** Where the payload of a result lies, by its alignment. */
const payloads: Readonly<Record<string, number>> = {
  read: 4,
  'open-at': 4,
  'read-via-stream': 4,
  'write-via-stream': 4,
  'append-via-stream': 4,
  'read-directory': 4,
  'readlink-at': 4,
  write: 8,
  stat: 8,
  'stat-at': 8,
  'metadata-hash': 8,
  'metadata-hash-at': 8,
}

class Files extends Component {
  dir = ''
  root = 0

  /** Calls a method of a descriptor; returns the number of the error, or undefined. */
  async try(method: string, self: number, ...args: (number | bigint)[]): Promise<number | undefined> {
    await this.guest.write(RET, new Uint8Array(128))
    await this.guest.call(`descriptor.${method}`, self, ...args, RET)
    return (await this.u8(RET)) === 0 ? undefined : this.u8(RET + (payloads[method] ?? 1))
  }

  async do(method: string, self: number, ...args: (number | bigint)[]): Promise<number> {
    assert.deepEqual([method, await this.try(method, self, ...args)], [method, undefined])
    return this.u32(RET + (payloads[method] ?? 1))
  }

  async name(text: string, at = BUFFER): Promise<[number, number]> {
    return [at, await this.put(at, text)]
  }

  async open(path: string, how = 0, flags = READ, follow = FOLLOW): Promise<number> {
    return this.do('open-at', this.root, follow, ...(await this.name(path)), how, flags)
  }

  async tryOpen(path: string, how = 0, flags = READ, follow = FOLLOW): Promise<number | undefined> {
    return this.try('open-at', this.root, follow, ...(await this.name(path)), how, flags)
  }

  async u64(at: number): Promise<bigint> {
    return Buffer.from(await this.guest.read(at, 8)).readBigUInt64LE()
  }

  /** The names in a directory, with their types. */
  async list(fd: number): Promise<Map<string, number>> {
    const stream = await this.do('read-directory', fd)
    const found = new Map<string, number>()
    for (;;) {
      await this.guest.call('directory-entry-stream.read-directory-entry', stream, RET)
      assert.equal(await this.u8(RET), 0)
      if ((await this.u8(RET + 4)) === 0) break
      found.set(await this.text(await this.u32(RET + 12), await this.u32(RET + 16)), await this.u8(RET + 8))
    }
    await this.guest.call('drop.directory-entry-stream', stream)
    return found
  }
}

const start = async (options: WasiHostOptions = {}): Promise<Files> => {
  const dir = tempDir()
  const { guest } = await startComponent({ preopens: { '/data': dir }, ...options })
  const files = Object.assign(new Files(guest), { dir })
  await guest.call('preopens.get-directories', RET)
  if ((await files.u32(RET + 4)) > 0) files.root = await files.u32(await files.u32(RET))
  return files
}

describe.each(waits)('files of a component under %s', (wait) => {
  test('a file is written and read by streams, and by offsets', async () => {
    const guest = await start({ wait })
    const fd = await guest.open('file', CREATE, READ | WRITE)
    const out = await guest.do('write-via-stream', fd, 0n)
    await guest.write(out, 'hello world')
    await guest.guest.call('drop.output-stream', out)
    expect(readFileSync(join(guest.dir, 'file'), 'utf8')).toBe('hello world')
    const input = await guest.do('read-via-stream', fd, 6n)
    await guest.waitFor('input-stream.subscribe', input)
    expect([await guest.read(input), await guest.read(input)]).toEqual(['world', 'closed'])
    await guest.guest.call('drop.input-stream', input)
    const end = await guest.do('append-via-stream', fd)
    await guest.write(end, '!')
    await guest.write(end, '?')
    await guest.guest.call('drop.output-stream', end)
    await guest.do('write', fd, ...(await guest.name('HELLO')), 0n)
    expect(await guest.u64(RET + 8)).toBe(5n)
    await guest.do('read', fd, 100n, 0n)
    const [at, length] = [await guest.u32(RET + 4), await guest.u32(RET + 8)]
    expect([await guest.text(at, length), await guest.u8(RET + 12)]).toEqual(['HELLO world!?', 1])
    await guest.do('read', fd, 5n, 0n)
    expect(await guest.u8(RET + 12)).toBe(0)
    for (const each of ['sync', 'sync-data']) await guest.do(each, fd)
    await guest.do('set-size', fd, 2n)
    expect(statSync(join(guest.dir, 'file')).size).toBe(2)
  })

  test('what is open is closed with the component, and streams outlive their descriptors', async () => {
    const dir = tempDir()
    writeFileSync(join(dir, 'file'), 'content')
    const host = new WasiHost({ wait, stdin: 'ignore', preopens: { '/': dir } })
    const module = await host.compile(buildComponent())
    const run = async (): Promise<void> => {
      const guest = new Files(await host.instantiate(module))
      await guest.guest.call('preopens.get-directories', RET)
      guest.root = await guest.u32(await guest.u32(RET))
      for (let left = 10; left > 0; left -= 1) await guest.open('file')
      const fd = await guest.open('file')
      const input = await guest.do('read-via-stream', fd, 0n)
      await guest.guest.call('drop.descriptor', fd)
      expect(await guest.read(input)).toBe('content')
      await guest.guest.close()
    }
    await run()
    await expectNoLeak(run, { times: 3 })
  })
})

describe('files of a component', () => {
  test('the directories of the host have their names, and what the component may do with them', async () => {
    const [dir, fixed] = [tempDir(), tempDir()]
    writeFileSync(join(fixed, 'file'), 'fixed')
    const guest = await start({
      preopens: { '/free': dir, '/fixed': { path: fixed, readOnly: true } },
      files: { '/own/file': 'own' },
    })
    await guest.guest.call('preopens.get-directories', RET)
    const [list, count] = [await guest.u32(RET), await guest.u32(RET + 4)]
    const found = new Map<string, number>()
    for (let at = list; at < list + 12 * count; at += 12)
      found.set(await guest.text(await guest.u32(at + 4), await guest.u32(at + 8)), await guest.u32(at))
    expect([...found.keys()]).toEqual(['/free', '/fixed', '/own'])
    await guest.do('get-flags', found.get('/free')!)
    expect(await guest.u8(RET + 1)).toBe(READ | MUTATE)
    guest.root = found.get('/fixed')!
    await guest.do('get-flags', guest.root)
    expect(await guest.u8(RET + 1)).toBe(READ)
    expect(await guest.tryOpen('new', CREATE, WRITE)).toBe(errors['read-only'])
    expect(await guest.tryOpen('file', TRUNCATE)).toBe(errors['read-only'])
    expect(await guest.try('unlink-file-at', guest.root, ...(await guest.name('file')))).toBe(
      errors['read-only'],
    )
    await guest.do('read', await guest.open('file'), 10n, 0n)
    expect(await guest.text(await guest.u32(RET + 4), await guest.u32(RET + 8))).toBe('fixed')
    guest.root = found.get('/own')!
    await guest.do('read', await guest.open('file'), 10n, 0n)
    expect(await guest.text(await guest.u32(RET + 4), await guest.u32(RET + 8))).toBe('own')
  })

  test('names are made, listed, renamed, linked and removed', async () => {
    const guest = await start()
    const { root } = guest
    const at = async (method: string, ...args: readonly string[]): Promise<number | undefined> => {
      const names = await Promise.all(args.map((each, index) => guest.name(each, BUFFER + 512 * index)))
      return guest.try(method, root, ...names.flat())
    }
    expect(await at('create-directory-at', 'sub')).toBe(undefined)
    expect(await at('create-directory-at', 'sub')).toBe(errors.exist)
    writeFileSync(join(guest.dir, 'sub/file'), '')
    expect(await at('remove-directory-at', 'sub')).toBe(errors['not-empty'])
    expect(await at('unlink-file-at', 'sub')).toBe(errors['is-directory'])
    const [old, name] = [await guest.name('sub/file'), await guest.name('moved', NEW_NAME)]
    expect(await guest.try('rename-at', root, ...old, root, ...name)).toBe(undefined)
    const moved = await guest.name('moved')
    const linked = await guest.name('hard', NEW_NAME)
    expect(await guest.try('link-at', root, 0, ...moved, root, ...linked)).toBe(undefined)
    expect(await guest.try('link-at', root, FOLLOW, ...moved, root, ...linked)).toBe(errors.invalid)
    expect(statSync(join(guest.dir, 'moved')).nlink).toBe(2)
    expect(await guest.list(root)).toEqual(
      new Map([
        ['sub', 3],
        ['moved', 6],
        ['hard', 6],
      ]),
    )
    for (const each of ['moved', 'hard']) expect(await at('unlink-file-at', each)).toBe(undefined)
    expect(await at('remove-directory-at', 'sub')).toBe(undefined)
    expect(await guest.list(root)).toEqual(new Map())
  })

  test.skipIf(isWindows)('links are made, read, followed inside, and lead out of no directory', async () => {
    const guest = await start()
    const { root } = guest
    mkdirSync(join(guest.dir, 'a'))
    writeFileSync(join(guest.dir, 'a/file'), 'content')
    const [target, link] = [await guest.name('a/file'), await guest.name('link', NEW_NAME)]
    await guest.do('symlink-at', root, ...target, ...link)
    expect(lstatSync(join(guest.dir, 'link')).isSymbolicLink()).toBe(true)
    const at = await guest.do('readlink-at', root, ...(await guest.name('link')))
    expect(await guest.text(at, await guest.u32(RET + 8))).toBe('a/file')
    const fd = await guest.open('link')
    expect(await guest.tryOpen('link', 0, READ, 0)).toBe(errors.loop)
    const [absolute, other] = [await guest.name('/etc/passwd'), await guest.name('other', NEW_NAME)]
    expect(await guest.try('symlink-at', root, ...absolute, ...other)).toBe(errors['not-permitted'])
    symlinkSync('..', join(guest.dir, 'up'))
    for (const path of ['up/x', '../x', '/x', 'a/../../x'])
      expect([path, await guest.tryOpen(path)]).toEqual([path, errors['not-permitted']])
    const same = await guest.open('a/file')
    expect(Number(await guest.guest.call('descriptor.is-same-object', fd, same))).toBe(1)
    expect(Number(await guest.guest.call('descriptor.is-same-object', fd, root))).toBe(0)
    await guest.do('metadata-hash', fd)
    const hash = await guest.u64(RET + 8)
    await guest.do('metadata-hash-at', root, FOLLOW, ...(await guest.name('link')))
    expect(await guest.u64(RET + 8)).toBe(hash)
    await guest.do('metadata-hash-at', root, 0, ...(await guest.name('link')))
    expect(await guest.u64(RET + 8)).not.toBe(hash)
  })

  test('status and times', async () => {
    const guest = await start()
    writeFileSync(join(guest.dir, 'file'), 'content')
    const fd = await guest.open('file', 0, READ | WRITE)
    const TIMESTAMP = 2
    await guest.do('set-times', fd, TIMESTAMP, 1_600_000_000n, 0, TIMESTAMP, 1_700_000_000n, 500_000_000)
    await guest.do('stat', fd)
    expect(await guest.u8(RET + 8)).toBe(6)
    expect([await guest.u64(RET + 16), await guest.u64(RET + 24)]).toEqual([1n, 7n])
    const accessed = [await guest.u8(RET + 32), await guest.u64(RET + 40), await guest.u32(RET + 48)]
    // Wine has the present as the access time of a file that is open.
    if (!isWine) expect(accessed).toEqual([1, 1_600_000_000n, 0])
    expect([await guest.u64(RET + 64), await guest.u32(RET + 72)]).toEqual([1_700_000_000n, 500_000_000])
    const [NO_CHANGE, NOW] = [0, 1]
    const name = await guest.name('file')
    await guest.do('set-times-at', guest.root, FOLLOW, ...name, NO_CHANGE, 0n, 0, NOW, 0n, 0)
    const stat = statSync(join(guest.dir, 'file'))
    if (!isWine) expect(stat.atimeMs).toBe(1_600_000_000_000)
    expect(stat.mtimeMs).toBeGreaterThan(1_700_000_001_000)
    await guest.do('stat-at', guest.root, FOLLOW, ...name)
    expect(await guest.u64(RET + 24)).toBe(7n)
    expect(await guest.try('stat-at', guest.root, FOLLOW, ...(await guest.name('none')))).toBe(
      errors['no-entry'],
    )
    await guest.do('get-type', guest.root)
    expect(await guest.u8(RET + 1)).toBe(3)
    await guest.do('advise', fd, 0n, 7n, 1)
  })

  test('what a descriptor is not, or was not opened for, is an error', async () => {
    const guest = await start()
    writeFileSync(join(guest.dir, 'file'), 'content')
    const fd = await guest.open('file')
    expect(await guest.try('write-via-stream', fd, 0n)).toBe(errors['bad-descriptor'])
    expect(await guest.try('write', fd, ...(await guest.name('x')), 0n)).toBe(errors['bad-descriptor'])
    expect(await guest.try('read-directory', fd)).toBe(errors['not-directory'])
    expect(await guest.try('read-via-stream', guest.root, 0n)).toBe(errors['bad-descriptor'])
    expect(await guest.try('read', guest.root, 1n, 0n)).toBe(errors['bad-descriptor'])
    expect(await guest.tryOpen('file', CREATE | EXCLUSIVE, WRITE)).toBe(errors.exist)
    expect(await guest.tryOpen('file', DIRECTORY)).toBe(errors['not-directory'])
    expect(await guest.tryOpen('new', CREATE | DIRECTORY, WRITE)).toBe(errors.invalid)
    expect(existsSync(join(guest.dir, 'new'))).toBe(false)
    await expect(guest.guest.call('descriptor.stat', 4000, RET)).rejects.toThrow(/no Descriptor/u)
  })

  test.skipIf(isWindows)('the error of a stream is known again as one of a file', async () => {
    const guest = await start()
    const fd = await guest.open('file', CREATE, WRITE)
    // More than any file may have: EFBIG.
    const out = await guest.do('write-via-stream', fd, BigInt(Number.MAX_SAFE_INTEGER))
    const length = await guest.put(BUFFER, 'x')
    await guest.guest.call('output-stream.blocking-write-and-flush', out, BUFFER, length, RET)
    expect([await guest.u8(RET), await guest.u8(RET + 4)]).toEqual([1, FAILED])
    const error = await guest.u32(RET + 8)
    await guest.guest.call('types.filesystem-error-code', error, RET)
    const [known, code] = [await guest.u8(RET), await guest.u8(RET + 1)]
    const tooLarge = 8
    expect([known, code === tooLarge || code === errors.invalid]).toEqual([1, true])
    await guest.guest.call('output-stream.blocking-write-and-flush', out, BUFFER, length, RET)
    expect([await guest.u8(RET), await guest.u8(RET + 4)]).toEqual([1, CLOSED])
  })
})
