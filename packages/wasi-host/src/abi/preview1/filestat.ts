/** `fdstat`, `filestat`, `filetype` and times of preview 1, as they lie in the memory. */
import type { GuestMemory } from '../../memory/guest-memory.ts'
import { Failure } from '../../outcome/failure.ts'
import type { FileType } from '../../wasi/files/open-directory.ts'
import { fileTypeOf } from '../../wasi/files/open-directory.ts'
import type { Status } from '../../wasi/files/place.ts'
import type { NewTime, NewTimes } from '../../wasi/files/times.ts'
import type { Rights } from './rights.ts'

/** `__wasi_filetype_t`. Preview 1 has no type for pipes; they are streams of bytes, as sockets are. */
export const filetypes: Readonly<Record<FileType, number>> = {
  unknown: 0,
  'block-device': 1,
  'character-device': 2,
  directory: 3,
  'regular-file': 4,
  fifo: 6,
  socket: 6,
  'symbolic-link': 7,
}

/** 24 bytes. */
export const setFdstat = (
  memory: GuestMemory,
  at: number,
  { filetype, flags, rights }: { readonly filetype: number; readonly flags: number; readonly rights: Rights },
): void => {
  memory.check(at, 24)
  memory.setU64(at, 0n)
  memory.setU8(at, filetype)
  memory.setU16(at + 2, flags)
  memory.setU32(at + 8, rights.base)
  memory.setU32(at + 12, 0)
  memory.setU32(at + 16, rights.inheriting)
  memory.setU32(at + 20, 0)
}

/** A number of the host as one of the guest, which has 64 bits and no sign. */
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value)

/** 64 bytes. */
export const setFilestat = (
  memory: GuestMemory,
  at: number,
  stat: Status,
  filetype: number = filetypes[fileTypeOf(stat)],
): void => {
  memory.bytes(at, 64).fill(0)
  memory.setU64(at, unsigned(stat.dev))
  memory.setU64(at + 8, unsigned(stat.ino))
  memory.setU8(at + 16, filetype)
  memory.setU64(at + 24, unsigned(stat.nlink))
  memory.setU64(at + 32, unsigned(stat.size))
  memory.setU64(at + 40, unsigned(stat.atimeNs))
  memory.setU64(at + 48, unsigned(stat.mtimeNs))
  memory.setU64(at + 56, unsigned(stat.ctimeNs))
}

/** `__wasi_fstflags_t` */
const [ATIM, ATIM_NOW, MTIM, MTIM_NOW] = [1, 2, 4, 8]

const newTime = (time: number, set: boolean, now: boolean): NewTime => {
  if (set && now)
    throw new Failure('EINVAL', 'a time is set to a number or to the time of the call, not both')
  if (now) return 'now'
  return set ? BigInt.asUintN(64, BigInt(time)) : 'keep'
}

/** The times that a call sets; an i64 comes as a bigint, whatever its type says. */
export const newTimes = (accessed: number, modified: number, flags: number): NewTimes => {
  if ((flags & ~(ATIM | ATIM_NOW | MTIM | MTIM_NOW)) !== 0)
    throw new Failure('EINVAL', `the flags ${flags} are not those of times`)
  return {
    accessed: newTime(accessed, (flags & ATIM) !== 0, (flags & ATIM_NOW) !== 0),
    modified: newTime(modified, (flags & MTIM) !== 0, (flags & MTIM_NOW) !== 0),
  }
}
