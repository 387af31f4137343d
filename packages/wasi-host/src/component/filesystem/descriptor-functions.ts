/** `wasi:filesystem/types`: the functions on what is open that 0.2 and 0.3 have in common. */
import { createHash } from 'node:crypto'
import { Failure } from '../../outcome/failure.ts'
import { fileTypeOf, OpenDirectory } from '../../wasi/files/open-directory.ts'
import type { Status } from '../../wasi/files/place.ts'
import { checkedOffset, OpenFile, readOnly } from '../../wasi/files/open-file.ts'
import { borrow } from '../canonical/handle.ts'
import { u64 } from '../canonical/scalars.ts'
import type { Fallible } from '../row.ts'
import { Descriptor } from './descriptor.ts'
import {
  advice,
  descriptorFlags,
  descriptorStat,
  metadataHash,
  newTimestamp,
  type MetadataHash,
  type Stat,
  type VersionTypes,
} from './types.ts'

/** The directory changes nothing, or the descriptor was not opened for writing. */
export const expectWritable = ({ what, flags }: Descriptor): void => {
  if (what instanceof OpenFile && what.readOnly) throw readOnly
  if (!flags.write) throw new Failure('EBADF', 'the descriptor is not open for writing')
}

export const expectReadable = ({ flags }: Descriptor): void => {
  if (!flags.read) throw new Failure('EBADF', 'the descriptor is not open for reading')
}

/** What two paths to one object have in common, without the numbers of the host. */
export const hashOf = ({ dev, ino }: Pick<Status, 'dev' | 'ino'>): MetadataHash => {
  const hash = createHash('sha256').update(BigUint64Array.of(dev, ino)).digest()
  return { lower: hash.readBigUInt64LE(0), upper: hash.readBigUInt64LE(8) }
}

export const statValue = (stat: Status): Stat => ({
  type: fileTypeOf(stat),
  linkCount: stat.nlink,
  size: stat.size,
  dataAccessTimestamp: stat.atimeNs,
  dataModificationTimestamp: stat.mtimeNs,
  statusChangeTimestamp: stat.ctimeNs,
})

const sync = ({ what }: Descriptor, all: boolean): void => {
  if (!(what instanceof OpenFile)) return what.sync()
  return all ? what.sync() : what.syncData()
}

export const isSameObject = (self: Descriptor, other: Descriptor): boolean => {
  const [one, two] = [self.stat(), other.stat()]
  return one.dev === two.dev && one.ino === two.ino
}

const self = borrow(Descriptor)

/** @param make - Makes a function whose failures are the error code of the version. */
export const descriptorFunctions = <F>(
  make: Fallible<F>,
  types: VersionTypes,
): Readonly<Record<string, F>> => ({
  // Nothing is to be done, as posix_fadvise(3) may.
  '[method]descriptor.advise': make(
    [self, u64, u64, advice],
    undefined,
    (_host, descriptor, _offset, _length, _advice) => void descriptor.file,
  ),
  '[method]descriptor.sync-data': make([self], undefined, (_host, descriptor) => sync(descriptor, false)),
  '[method]descriptor.sync': make([self], undefined, (_host, descriptor) => sync(descriptor, true)),
  '[method]descriptor.get-flags': make([self], descriptorFlags, (_host, { flags }) => flags),
  '[method]descriptor.get-type': make([self], types.type, (_host, descriptor) =>
    fileTypeOf(descriptor.stat()),
  ),
  '[method]descriptor.set-size': make([self, u64], undefined, (_host, { file }, size) =>
    file.setSize(checkedOffset(size)),
  ),
  '[method]descriptor.set-times': make(
    [self, newTimestamp(types), newTimestamp(types)],
    undefined,
    (_host, descriptor, accessed, modified) => {
      const { what } = descriptor
      return (what instanceof OpenDirectory ? what : descriptor.file).setTimes({ accessed, modified })
    },
  ),
  '[method]descriptor.stat': make([self], descriptorStat(types), (_host, descriptor) =>
    statValue(descriptor.stat()),
  ),
  '[method]descriptor.metadata-hash': make([self], metadataHash, (_host, descriptor) =>
    hashOf(descriptor.stat()),
  ),
})
