/** Where a descriptor that this process shares with others stands in its file, and moving it there. */
import { system } from '@uds/winsock-ffi/internal'
import { libc } from '../libraries/posix.ts'
import { kernel32, standardHandle } from '../libraries/win32.ts'
import { Failure } from '../../outcome/failure.ts'

/** SEEK_SET and SEEK_CUR of <unistd.h>; FILE_BEGIN and FILE_CURRENT are the same numbers. */
const [FROM_START, FROM_HERE] = [0, 1]

const move = (fd: number, distance: number, method: number): number => {
  if (system !== 'win32') return libc.lseek(fd, distance, method)
  const handle = standardHandle(fd)
  if (handle === undefined)
    throw new Failure('ESPIPE', 'on Windows the offset of a descriptor other than 0 to 2 is not known')
  const offset = new BigInt64Array(1)
  kernel32.SetFilePointerEx(handle, distance, offset, method)
  return Number(offset[0])
}

/** @throws SocketError `ESPIPE` when it is no file; `ENOTSUP` where koffi is not installed. */
export const descriptorOffset = (fd: number): number => move(fd, 0, FROM_HERE)

/** @throws As {@link descriptorOffset}. */
export const setDescriptorOffset = (fd: number, offset: number): number => move(fd, offset, FROM_START)
