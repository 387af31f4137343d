/**
 * Whole paths beneath a directory, each by one call: openat2(2) with RESOLVE_BENEATH, which follows links and `..` as far as
 * they stay below, and no magic ones of /proc. What it refuses is walked name by name, and the walk says why.
 *
 * ```c
 * struct open_how { __u64 flags; __u64 mode; __u64 resolve; };
 * struct statx    { __u32 stx_mask; ... __u32 stx_nlink@16; ... __u16 stx_mode@28; __u64 stx_ino@32; __u64 stx_size@40; ...
 *                   struct { __s64 tv_sec; __u32 tv_nsec; } stx_atime@64, stx_btime@80, stx_ctime@96, stx_mtime@112;
 *                   ... __u32 stx_dev_major@136; __u32 stx_dev_minor@140; ... };                      // 256 bytes
 * ```
 *
 * @see openat2(2), statx(2)
 */
import { closeSync, constants as fs, fstatSync, openSync, statSync } from 'node:fs'
import { constants as os } from 'node:os'
import { loadBackend } from '@uds/winsock-ffi'
import { linux } from '../libraries/linux.ts'
import { closeOpened, keepOpened, mayOpen } from './opened-by-call.ts'
import type { Status } from './place.ts'

/** <asm/unistd.h>, <fcntl.h>, <linux/openat2.h>, <linux/stat.h>: alike on x86-64 and arm64. */
const SYS_openat2 = 437
const O_CLOEXEC = 0o2_000_000
const O_PATH = 0o10_000_000
const RESOLVE_NO_MAGICLINKS = 0x02
const RESOLVE_BENEATH = 0x08
const AT_SYMLINK_NOFOLLOW = 0x100
const AT_EMPTY_PATH = 0x1000
const STATX_BASIC_STATS = 0x7ff
const STATX_TYPE = 0x1

const { EINTR, EXDEV } = os.errno

/** PATH_MAX, with the NUL. */
const LONGEST = 4096

/** Memory that the calls read and write, of this thread: a path, `struct open_how`, an empty path, `struct statx`. */
const HOW = LONGEST
const HOW_SIZE = 24
const EMPTY = HOW + HOW_SIZE
const STATX = EMPTY + 8
const STATX_SIZE = 256

const memory = new ArrayBuffer(STATX + STATX_SIZE)
const bytes = new Uint8Array(memory)
const view = new DataView(memory)
const encoder = new TextEncoder()

/** Where that lies; 0 until the probe has found that the calls can be made. */
let base = 0

/** Writes a path; false for one that no call takes as it is. */
const put = (path: string): boolean => {
  // Short names are nearly all ASCII, and to encode one costs more than to copy it.
  const { length } = path
  let at = 0
  if (length <= 64)
    for (; at < length; at += 1) {
      const unit = path.charCodeAt(at)
      if (unit === 0) return false
      if (unit >= 0x80) break
      bytes[at] = unit
    }
  if (at < length) {
    if (path.includes('\0')) return false
    const { read, written } = encoder.encodeInto(path, bytes.subarray(0, LONGEST - 1))
    if (read < length) return false
    at = written
  }
  bytes[at] = 0
  return at > 0
}

const openat2 = (fd: number, flags: number, mode: number): number => {
  view.setUint32(HOW, flags, true)
  view.setUint32(HOW + 8, mode, true)
  view.setUint32(HOW + 16, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, true)
  for (;;) {
    const opened = linux.syscall.attempt(SYS_openat2, fd, base, base + HOW, HOW_SIZE)
    if (opened !== -EINTR) return opened
  }
}

const typeAt = (at: number): number => view.getUint16(at + 28, true) & fs.S_IFMT

/** A status, read from `struct statx`. */
class StatxStatus implements Status {
  readonly #type: number
  readonly dev: bigint
  readonly ino: bigint
  readonly nlink: bigint
  readonly size: bigint
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint

  constructor() {
    this.#type = typeAt(STATX)
    this.nlink = BigInt(view.getUint32(STATX + 16, true))
    this.ino = view.getBigUint64(STATX + 32, true)
    this.size = view.getBigUint64(STATX + 40, true)
    this.atimeNs = time(STATX + 64)
    this.ctimeNs = time(STATX + 96)
    this.mtimeNs = time(STATX + 112)
    this.dev = device(view.getUint32(STATX + 136, true), view.getUint32(STATX + 140, true))
  }

  isFile(): boolean {
    return this.#type === fs.S_IFREG
  }

  isDirectory(): boolean {
    return this.#type === fs.S_IFDIR
  }

  isSymbolicLink(): boolean {
    return this.#type === fs.S_IFLNK
  }

  isCharacterDevice(): boolean {
    return this.#type === fs.S_IFCHR
  }

  isBlockDevice(): boolean {
    return this.#type === fs.S_IFBLK
  }

  isFIFO(): boolean {
    return this.#type === fs.S_IFIFO
  }

  isSocket(): boolean {
    return this.#type === fs.S_IFSOCK
  }
}

const NS_PER_SECOND = 1_000_000_000n

const time = (at: number): bigint =>
  view.getBigInt64(at, true) * NS_PER_SECOND + BigInt(view.getUint32(at + 8, true))

/** As stat(2) numbers devices: makedev(3). */
const device = (major: number, minor: number): bigint =>
  (BigInt(major & 0xffff_f000) << 32n) |
  BigInt(((major & 0xfff) << 8) | (minor & 0xff)) |
  (BigInt(minor & 0xffff_ff00) << 12n)

/** A descriptor that was opened here, to be closed by closeOpened, and what it is. */
export interface OpenedPath {
  readonly fd: number
  readonly isDirectory: boolean
  readonly isFile: boolean
}

/**
 * Opens a path beneath a directory.
 *
 * @returns The negated error number where it could not be opened; undefined for a path that no call takes.
 */
export const openWhole = (
  directory: number,
  path: string,
  flags: number,
  mode: number,
): OpenedPath | number | undefined => {
  if (!put(path)) return undefined
  const fd = openat2(directory, flags | O_CLOEXEC, (flags & fs.O_CREAT) === 0 ? 0 : mode)
  if (fd < 0) return fd
  if (!keepOpened(fd)) return undefined
  if ((flags & fs.O_DIRECTORY) !== 0) return { fd, isDirectory: true, isFile: false }
  const failed = linux.statx.attempt(fd, base + EMPTY, AT_EMPTY_PATH, STATX_TYPE, base + STATX)
  if (failed < 0) {
    closeOpened(fd)
    return failed
  }
  const type = typeAt(STATX)
  return { fd, isDirectory: type === fs.S_IFDIR, isFile: type === fs.S_IFREG }
}

const NAME = /^(?!\.\.?$)[^/]+$/u

/**
 * The status of a path beneath a directory.
 *
 * @returns As {@link openWhole}.
 */
export const statWhole = (directory: number, path: string, follow: boolean): Status | number | undefined => {
  if (!put(path)) return undefined
  if (NAME.test(path)) {
    const failed = linux.statx.attempt(directory, base, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, base + STATX)
    if (failed < 0) return failed
    if (!follow || typeAt(STATX) !== fs.S_IFLNK) return new StatxStatus()
  }
  const fd = openat2(directory, O_PATH | O_CLOEXEC | (follow ? 0 : fs.O_NOFOLLOW), 0)
  if (fd < 0) return fd
  const failed = linux.statx.attempt(fd, base + EMPTY, AT_EMPTY_PATH, STATX_BASIC_STATS, base + STATX)
  linux.close.attempt(fd)
  return failed < 0 ? failed : new StatxStatus()
}

/** Whether the kernel honours RESOLVE_BENEATH, and `node:fs` of this runtime takes what was opened by a system call. */
const probe = (): boolean => {
  if (!mayOpen()) return false
  let root: number | undefined
  try {
    base = Number(loadBackend().address(bytes))
    root = openSync('/', O_PATH | fs.O_DIRECTORY)
    const expected = statSync('/', { bigint: true })
    if (!put('..') || openat2(root, O_PATH | O_CLOEXEC, 0) !== -EXDEV) return false
    const found = statWhole(root, '.', true)
    if (typeof found !== 'object' || found.ino !== expected.ino || found.dev !== expected.dev) return false
    const opened = openWhole(root, '.', fs.O_RDONLY, 0)
    if (typeof opened !== 'object') return false
    const same = fstatSync(opened.fd, { bigint: true }).ino === expected.ino
    closeOpened(opened.fd)
    return same && opened.isDirectory
  } catch {
    // No system calls in this process, no statx in its C library, or descriptors that are none of the system's.
    return false
  } finally {
    if (root !== undefined) closeSync(root)
  }
}

let known: boolean | undefined

/** Whether paths can be resolved whole here: Linux 5.6 and newer, with koffi or what the runtime has itself. */
export const resolvesWhole = (): boolean => (known ??= probe())
