/**
 * The rights of descriptors. FD_READ and FD_WRITE are what the guest asked for when it opened the file; all others are
 * there, as far as they make sense, until the guest drops them: compilers no longer ask for each.
 *
 * @see https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#rights
 */
import { Failure } from '../../outcome/failure.ts'

/** The rights that a descriptor has, and those that what is opened from it may have. */
export interface Rights {
  readonly base: bigint
  readonly inheriting: bigint
}

const bit = (number: number): bigint => 1n << BigInt(number)

export const FD_DATASYNC: bigint = bit(0)
export const FD_READ: bigint = bit(1)
export const FD_SEEK: bigint = bit(2)
export const FD_FDSTAT_SET_FLAGS: bigint = bit(3)
export const FD_SYNC: bigint = bit(4)
export const FD_TELL: bigint = bit(5)
export const FD_WRITE: bigint = bit(6)
export const FD_ADVISE: bigint = bit(7)
export const FD_ALLOCATE: bigint = bit(8)
export const PATH_CREATE_DIRECTORY: bigint = bit(9)
export const PATH_CREATE_FILE: bigint = bit(10)
export const PATH_LINK_SOURCE: bigint = bit(11)
export const PATH_LINK_TARGET: bigint = bit(12)
export const PATH_OPEN: bigint = bit(13)
export const FD_READDIR: bigint = bit(14)
export const PATH_READLINK: bigint = bit(15)
export const PATH_RENAME_SOURCE: bigint = bit(16)
export const PATH_RENAME_TARGET: bigint = bit(17)
export const PATH_FILESTAT_GET: bigint = bit(18)
export const PATH_FILESTAT_SET_SIZE: bigint = bit(19)
export const PATH_FILESTAT_SET_TIMES: bigint = bit(20)
export const FD_FILESTAT_GET: bigint = bit(21)
export const FD_FILESTAT_SET_SIZE: bigint = bit(22)
export const FD_FILESTAT_SET_TIMES: bigint = bit(23)
export const PATH_SYMLINK: bigint = bit(24)
export const PATH_REMOVE_DIRECTORY: bigint = bit(25)
export const PATH_UNLINK_FILE: bigint = bit(26)
export const POLL_FD_READWRITE: bigint = bit(27)
const SOCK_SHUTDOWN = bit(28)
const SOCK_ACCEPT = bit(29)

const any = (...rights: bigint[]): bigint => rights.reduce((all, each) => all | each, 0n)

/** Of every descriptor that is no socket. */
const COMMON = any(FD_FDSTAT_SET_FLAGS, FD_SYNC, FD_ADVISE, FD_FILESTAT_GET, POLL_FD_READWRITE)

/** Reading and writing, of files and streams, which is asked for when they are opened. */
export const TRANSFER: bigint = FD_READ | FD_WRITE

export const STREAM: bigint = COMMON | TRANSFER

export const FILE: bigint = any(
  STREAM,
  FD_DATASYNC,
  FD_SEEK,
  FD_TELL,
  FD_ALLOCATE,
  FD_FILESTAT_SET_SIZE,
  FD_FILESTAT_SET_TIMES,
)

export const DIRECTORY: bigint = any(
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

export const SOCKET: bigint = any(
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
export const expectRight = ({ base }: Rights, right: bigint): void => {
  if ((base & right) !== right) throw lacking
}

/**
 * The rights of what is opened from a directory.
 *
 * @param most - Those that make sense for what it is.
 * @throws Failure `ENOTCAPABLE` when reading or writing is asked for that the directory does not pass on.
 */
export const openedRights = ({ inheriting }: Rights, asked: bigint, most: bigint): Rights => {
  if ((asked & TRANSFER & ~inheriting) !== 0n) throw lacking
  return { base: inheriting & most & (~TRANSFER | asked), inheriting }
}

/**
 * Fewer rights.
 *
 * @throws Failure `ENOTCAPABLE` when they are not fewer.
 */
export const droppedRights = (rights: Rights, base: bigint, inheriting: bigint): Rights => {
  if ((base & ~rights.base) !== 0n || (inheriting & ~rights.inheriting) !== 0n) throw lacking
  return { base, inheriting }
}
