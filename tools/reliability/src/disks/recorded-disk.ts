/**
 * What a process did to its files, recorded by strace, and what a disk has of it after a power cut: what was synchronised,
 * and of what came later any part, in any order. https://www.sqlite.org/atomiccommit.html describes such disks.
 */
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Random } from '../trials/random.ts'

/** One call, in the order of the process. */
export type DiskCall =
  | { readonly kind: 'create' | 'sync' | 'unlink'; readonly file: string }
  | { readonly kind: 'write'; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: string; readonly size: number }
  /** A line of the history, which is no part of the disk. */
  | { readonly kind: 'said'; readonly line: string }

/** The options of strace whose output {@link readTrace} reads: one thread, paths of descriptors, all bytes in hexadecimal. */
export const TRACE_OPTIONS: readonly string[] = [
  '-y',
  '-xx',
  '-s',
  '1000000',
  '-e',
  'trace=openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink',
]

/** What a call has for a file that is the directory itself. */
const DIRECTORY = '.'

const unhex = (text: string): Buffer => Buffer.from(text.replaceAll(String.raw`\x`, ''), 'hex')

const CALL = /^(\w+)\((.*)\)\s+= (\d+)/
const DESCRIPTOR = /^\d+<((?:\\x[\da-f]{2})*)>(?:, (.*))?$/
const TEXT = /^"((?:\\x[\da-f]{2})*)"(?:, \d+)?(?:, (\d+))?$/

/** Reads one line; undefined for a call that failed, or that has nothing to do with the directory. */
const readCall = (line: string, directory: string, history: string): DiskCall | undefined => {
  const [, name, args = '', result] = CALL.exec(line) ?? []
  if (name === undefined) return undefined
  const inside = (path: string): string | undefined =>
    path.startsWith(`${directory}/`) ? basename(path) : path === directory ? DIRECTORY : undefined
  if (name === 'openat') {
    const [, path = '', flags = ''] = /, "((?:\\x[\da-f]{2})*)", (\S+)/.exec(args) ?? []
    const file = inside(String(unhex(path)))
    return file !== undefined && file !== DIRECTORY && flags.includes('O_CREAT')
      ? { kind: 'create', file }
      : undefined
  }
  if (name === 'unlink') {
    const file = inside(String(unhex(args.slice(1, -1))))
    return file === undefined ? undefined : { kind: 'unlink', file }
  }
  const [, path = '', rest = ''] = DESCRIPTOR.exec(args) ?? []
  const file = inside(String(unhex(path)))
  if (file === undefined) return undefined
  if (name === 'fsync' || name === 'fdatasync') return { kind: 'sync', file }
  if (name === 'ftruncate') return { kind: 'truncate', file, size: Number(rest) }
  const [, hex = '', at = '0'] = TEXT.exec(rest) ?? []
  const bytes = unhex(hex).subarray(0, Number(result))
  if (file === history) return { kind: 'said', line: String(bytes).trim() }
  return name === 'pwrite64' ? { kind: 'write', file, at: Number(at), bytes } : undefined
}

/**
 * @param trace - the output of strace with {@link TRACE_OPTIONS}
 * @param history - the file of the directory that the history is written to
 */
export const readTrace = (trace: string, directory: string, history: string): DiskCall[] =>
  trace.split('\n').flatMap((line) => readCall(line, directory, history) ?? [])

/** The bytes of a file, which grow. */
class Content {
  #bytes: Buffer
  #size: number

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#bytes = bytes
    this.#size = bytes.length
  }

  resize(size: number): void {
    if (size > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(size, this.#bytes.length * 2))
      this.#bytes.copy(grown, 0, 0, this.#size)
      this.#bytes = grown
    } else if (size > this.#size) this.#bytes.fill(0, this.#size, size)
    this.#size = size
  }

  write(at: number, bytes: Buffer): void {
    if (at + bytes.length > this.#size) this.resize(at + bytes.length)
    bytes.copy(this.#bytes, at)
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  copy(): Content {
    return new Content(Buffer.from(this.bytes()))
  }
}

type Fate = () => 'all' | 'nothing' | 'a part'

/** A disk writes sectors: a write may be there up to one of them. */
const SECTOR = 512

const apply = (content: Content | undefined, call: DiskCall, fate: Fate): Content | undefined => {
  if (call.kind === 'create') return content ?? new Content()
  const kept = fate()
  if (kept === 'nothing') return content
  if (call.kind === 'unlink') return undefined
  const file = content ?? new Content()
  if (call.kind === 'truncate') file.resize(call.size)
  if (call.kind === 'write') {
    const length = kept === 'a part' ? Math.floor(call.bytes.length / 2 / SECTOR) * SECTOR : call.bytes.length
    file.write(call.at, call.bytes.subarray(0, length))
  }
  return file
}

const all: Fate = () => 'all'

/** One file: what is certain, and what was done since. */
class RecordedFile {
  #certain: Content | undefined
  #pending: DiskCall[] = []

  add(call: DiskCall): void {
    if (call.kind !== 'sync') this.#pending.push(call)
    else this.#settle(this.#pending.length)
  }

  #settle(count: number): void {
    for (const call of this.#pending.splice(0, count)) this.#certain = apply(this.#certain, call, all)
  }

  /** The directory was synchronised: the file is gone for certain if it was removed. */
  directorySynchronised(): void {
    this.#settle(this.#pending.findLastIndex(({ kind }) => kind === 'unlink') + 1)
  }

  /** @param fate - decides what the disk has of each call that was not synchronised */
  bytes(fate: Fate): Buffer | undefined {
    let content = this.#certain?.copy()
    for (const call of this.#pending) content = apply(content, call, fate)
    return content?.bytes()
  }
}

/** What a disk has at some moment. */
export class RecordedDisk {
  readonly #files = new Map<string, RecordedFile>()

  /** @param calls - all that were made before the moment */
  constructor(calls: readonly DiskCall[]) {
    for (const call of calls) {
      if (call.kind === 'said') continue
      if (call.file === DIRECTORY) {
        for (const each of this.#files.values()) each.directorySynchronised()
        continue
      }
      let file = this.#files.get(call.file)
      if (file === undefined) this.#files.set(call.file, (file = new RecordedFile()))
      file.add(call)
    }
  }

  #write(directory: string, fate: Fate): void {
    for (const [name, file] of this.#files) {
      // Shared memory, which the first process that opens the database makes anew, and what it is locked by.
      if (name.endsWith('-shm') || name.endsWith('-lock')) continue
      const content = file.bytes(fate)
      if (content !== undefined) writeFileSync(join(directory, name), content, { mode: 0o600 })
    }
  }

  /** The process was killed: the system has everything that it did. */
  afterKill(directory: string): void {
    this.#write(directory, all)
  }

  /** The power went: of what was not synchronised there is something. */
  afterPowerCut(directory: string, random: Random): void {
    const share = random.next()
    this.#write(directory, () => {
      if (random.next() < share) return 'all'
      return random.next() < 0.2 ? 'a part' : 'nothing'
    })
  }
}
