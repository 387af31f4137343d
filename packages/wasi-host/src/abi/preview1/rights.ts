/**
 * The rights of descriptors. FD_READ and FD_WRITE are what the guest asked for when it opened the file; all others are
 * there, as far as they make sense, until the guest drops them: compilers no longer ask for each.
 *
 * @see https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#rights
 */
import { Failure } from '../../outcome/failure.ts'

/**
 * The rights that a descriptor has, and those that what is opened from it may have: 64 bits of the guest, of which 30 mean
 * something and are here.
 */
export interface Rights {
  readonly base: number
  readonly inheriting: number
}

const KNOWN = 30

/** The rights of a guest, as far as they mean something. An i64 comes as a bigint, whatever its type says. */
export const rightsOf = (bits: number): number => Number(BigInt.asUintN(KNOWN, BigInt(bits)))

const bit = (number: number): number => 1 << number

export const FD_DATASYNC: number = bit(0)
export const FD_READ: number = bit(1)
export const FD_SEEK: number = bit(2)
export const FD_FDSTAT_SET_FLAGS: number = bit(3)
export const FD_SYNC: number = bit(4)
export const FD_TELL: number = bit(5)
export const FD_WRITE: number = bit(6)
export const FD_ADVISE: number = bit(7)
export const FD_ALLOCATE: number = bit(8)
export const PATH_CREATE_DIRECTORY: number = bit(9)
export const PATH_CREATE_FILE: number = bit(10)
export const PATH_LINK_SOURCE: number = bit(11)
export const PATH_LINK_TARGET: number = bit(12)
export const PATH_OPEN: number = bit(13)
export const FD_READDIR: number = bit(14)
export const PATH_READLINK: number = bit(15)
export const PATH_RENAME_SOURCE: number = bit(16)
export const PATH_RENAME_TARGET: number = bit(17)
export const PATH_FILESTAT_GET: number = bit(18)
export const PATH_FILESTAT_SET_SIZE: number = bit(19)
export const PATH_FILESTAT_SET_TIMES: number = bit(20)
export const FD_FILESTAT_GET: number = bit(21)
export const FD_FILESTAT_SET_SIZE: number = bit(22)
export const FD_FILESTAT_SET_TIMES: number = bit(23)
export const PATH_SYMLINK: number = bit(24)
export const PATH_REMOVE_DIRECTORY: number = bit(25)
export const PATH_UNLINK_FILE: number = bit(26)
export const POLL_FD_READWRITE: number = bit(27)
const SOCK_SHUTDOWN = bit(28)
const SOCK_ACCEPT = bit(29)

const any = (...rights: number[]): number => rights.reduce((all, each) => all | each, 0)

/** Of every descriptor that is no socket. */
const COMMON = any(FD_FDSTAT_SET_FLAGS, FD_SYNC, FD_ADVISE, FD_FILESTAT_GET, POLL_FD_READWRITE)

/** Reading and writing, of files and streams, which is asked for when they are opened. */
export const TRANSFER: number = FD_READ | FD_WRITE

export const STREAM: number = COMMON | TRANSFER

export const FILE: number = any(
  STREAM,
  FD_DATASYNC,
  FD_SEEK,
  FD_TELL,
  FD_ALLOCATE,
  FD_FILESTAT_SET_SIZE,
  FD_FILESTAT_SET_TIMES,
)

export const DIRECTORY: number = any(
  COMMON,
  FD_READDIR,
  FD_FILESTAT_SET_TIMES,
  PATH_CREATE_DIRECTORY,
  PATH_CREATE_FILE,
  PATH_LINK_SOURCE,
  PATH_LINK_TARGET,
  PATH_OPEN,
  PATH_READLINK,
  PATH_RENAME_SOURCE,
  PATH_RENAME_TARGET,
  PATH_FILESTAT_GET,
  PATH_FILESTAT_SET_SIZE,
  PATH_FILESTAT_SET_TIMES,
  PATH_SYMLINK,
  PATH_REMOVE_DIRECTORY,
  PATH_UNLINK_FILE,
)

export const SOCKET: number = any(
  FD_READ,
  FD_FDSTAT_SET_FLAGS,
  FD_WRITE,
  FD_FILESTAT_GET,
  POLL_FD_READWRITE,
  SOCK_SHUTDOWN,
  SOCK_ACCEPT,
)

/** Of a directory that is open at the start. */
export const PREOPENED: Rights = { base: DIRECTORY, inheriting: DIRECTORY | FILE }

const lacking = new Failure('ENOTCAPABLE', 'the descriptor has not the right to that')

/** @throws Failure `ENOTCAPABLE` */
export const expectRight = ({ base }: Rights, right: number): void => {
  if ((base & right) !== right) throw lacking
}

/**
 * The rights of what is opened from a directory.
 *
 * @param most - Those that make sense for what it is.
 * @throws Failure `ENOTCAPABLE` when reading or writing is asked for that the directory does not pass on.
 */
export const openedRights = ({ inheriting }: Rights, asked: number, most: number): Rights => {
  if ((asked & TRANSFER & ~inheriting) !== 0) throw lacking
  return { base: inheriting & most & (~TRANSFER | asked), inheriting }
}

/**
 * Fewer rights.
 *
 * @throws Failure `ENOTCAPABLE` when they are not fewer.
 */
export const droppedRights = (rights: Rights, bits: number, inheritingBits: number): Rights => {
  const [base, inheriting] = [rightsOf(bits), rightsOf(inheritingBits)]
  if (BigInt.asUintN(64, BigInt(bits) | BigInt(inheritingBits)) >> BigInt(KNOWN) !== 0n) throw lacking
  if ((base & ~rights.base) !== 0 || (inheriting & ~rights.inheriting) !== 0) throw lacking
  return { base, inheriting }
}
