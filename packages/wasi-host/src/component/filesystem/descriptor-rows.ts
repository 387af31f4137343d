/** `wasi:filesystem/types` of 0.2: the functions on what is open. */
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { Failure } from '../../outcome/failure.ts'
import { checkedOffset, OpenFile, readOnly } from '../../wasi/files/open-file.ts'
import { OpenDirectory } from '../../wasi/files/open-directory.ts'
import {
  bool,
  borrow,
  list,
  option,
  own,
  tuple,
  u64,
  u8,
  type Resource,
  type Tagged,
} from '../canonical/types.ts'
import { MOST_AT_ONCE, type ComponentRows } from '../host.ts'
import { InputStream, IoError, OutputStream } from '../streams.ts'
import { hostResource, typedRows } from '../typed-row.ts'
import { channelAtEnd, channelFrom, Descriptor, DirectoryEntryStream, FileFailure } from './descriptor.ts'
import {
  advice,
  attempted,
  descriptorFlags,
  descriptorStat,
  descriptorType,
  directoryEntry,
  errorCode,
  errorName,
  metadataHash,
  newTimeOf,
  newTimestamp,
  resultOf,
  statValue,
} from './types.ts'
import { fileTypeOf } from '../../wasi/files/open-directory.ts'

export const descriptor: Resource = hostResource(Descriptor)
const entryStream = hostResource(DirectoryEntryStream)
const inputStream = hostResource(InputStream)
const outputStream = hostResource(OutputStream)

/** The directory changes nothing, or the descriptor was not opened for writing. */
const expectWritable = ({ what, flags }: Descriptor): void => {
  if (what instanceof OpenFile && what.readOnly) throw readOnly
  if (!flags.write) throw new Failure('EBADF', 'the descriptor is not open for writing')
}

const expectReadable = ({ flags }: Descriptor): void => {
  if (!flags.read) throw new Failure('EBADF', 'the descriptor is not open for reading')
}

/** What two paths to one object have in common, without the numbers of the host. */
export const hashOf = ({ dev, ino }: BigIntStats): { lower: bigint; upper: bigint } => {
  const hash = createHash('sha256').update(BigUint64Array.of(dev, ino)).digest()
  return { lower: hash.readBigUInt64LE(0), upper: hash.readBigUInt64LE(8) }
}

const sync = ({ what }: Descriptor, all: boolean): void => {
  if (!(what instanceof OpenFile)) return what.sync()
  return all ? what.sync() : what.syncData()
}

export const descriptorRows: ComponentRows = typedRows({
  '[method]descriptor.read-via-stream': {
    parameters: [borrow(descriptor), u64],
    result: resultOf(own(inputStream)),
    call: (_host, self: Descriptor, offset: bigint) =>
      attempted(() => {
        expectReadable(self)
        const { channel, onDrop } = channelFrom(self, checkedOffset(offset))
        return new InputStream(channel, onDrop)
      }),
  },
  '[method]descriptor.write-via-stream': {
    parameters: [borrow(descriptor), u64],
    result: resultOf(own(outputStream)),
    call: (_host, self: Descriptor, offset: bigint) =>
      attempted(() => {
        expectWritable(self)
        const { channel, onDrop } = channelFrom(self, checkedOffset(offset))
        return new OutputStream(channel, onDrop)
      }),
  },
  '[method]descriptor.append-via-stream': {
    parameters: [borrow(descriptor)],
    result: resultOf(own(outputStream)),
    call: (host, self: Descriptor) =>
      attempted(() => {
        expectWritable(self)
        const { channel, onDrop } = channelAtEnd(self, host)
        return new OutputStream(channel, onDrop)
      }),
  },
  '[method]descriptor.advise': {
    parameters: [borrow(descriptor), u64, u64, advice],
    result: resultOf(),
    // Nothing is to be done, as posix_fadvise(3) may.
    call: (_host, self: Descriptor) => attempted(() => void self.file),
  },
  '[method]descriptor.sync-data': {
    parameters: [borrow(descriptor)],
    result: resultOf(),
    call: (_host, self: Descriptor) => attempted(() => sync(self, false)),
  },
  '[method]descriptor.sync': {
    parameters: [borrow(descriptor)],
    result: resultOf(),
    call: (_host, self: Descriptor) => attempted(() => sync(self, true)),
  },
  '[method]descriptor.get-flags': {
    parameters: [borrow(descriptor)],
    result: resultOf(descriptorFlags),
    call: (_host, self: Descriptor) => attempted(() => self.flags),
  },
  '[method]descriptor.get-type': {
    parameters: [borrow(descriptor)],
    result: resultOf(descriptorType),
    call: (_host, self: Descriptor) => attempted(() => fileTypeOf(self.stat())),
  },
  '[method]descriptor.set-size': {
    parameters: [borrow(descriptor), u64],
    result: resultOf(),
    call: (_host, self: Descriptor, size: bigint) => attempted(() => self.file.setSize(checkedOffset(size))),
  },
  '[method]descriptor.set-times': {
    parameters: [borrow(descriptor), newTimestamp, newTimestamp],
    result: resultOf(),
    call: (_host, self: Descriptor, accessed: Tagged, modified: Tagged) =>
      attempted(() => {
        const times = { accessed: newTimeOf(accessed), modified: newTimeOf(modified) }
        return self.what instanceof OpenDirectory ? self.what.setTimes(times) : self.file.setTimes(times)
      }),
  },
  '[method]descriptor.read': {
    parameters: [borrow(descriptor), u64, u64],
    result: resultOf(tuple(list(u8), bool)),
    call: (host, self: Descriptor, length: bigint, offset: bigint) =>
      attempted(() => {
        const most = length > BigInt(MOST_AT_ONCE) ? MOST_AT_ONCE : Number(length)
        const into = host.scratch.subarray(0, most)
        const bytes = self.file.readAt([into], checkedOffset(offset))
        return [into.subarray(0, bytes), bytes < most]
      }),
  },
  '[method]descriptor.write': {
    parameters: [borrow(descriptor), list(u8), u64],
    result: resultOf(u64),
    call: (_host, self: Descriptor, bytes: Uint8Array, offset: bigint) =>
      attempted(() => {
        expectWritable(self)
        return BigInt(self.file.writeAt([bytes], checkedOffset(offset)))
      }),
  },
  '[method]descriptor.read-directory': {
    parameters: [borrow(descriptor)],
    result: resultOf(own(entryStream)),
    call: (_host, self: Descriptor) =>
      attempted(() => new DirectoryEntryStream(self.directory.entries(true))),
  },
  '[method]directory-entry-stream.read-directory-entry': {
    parameters: [borrow(entryStream)],
    result: resultOf(option(directoryEntry)),
    call: (_host, self: DirectoryEntryStream) => attempted(() => self.next()),
  },
  '[method]descriptor.stat': {
    parameters: [borrow(descriptor)],
    result: resultOf(descriptorStat),
    call: (_host, self: Descriptor) => attempted(() => statValue(self.stat())),
  },
  '[method]descriptor.metadata-hash': {
    parameters: [borrow(descriptor)],
    result: resultOf(metadataHash),
    call: (_host, self: Descriptor) => attempted(() => hashOf(self.stat())),
  },
  '[method]descriptor.is-same-object': {
    parameters: [borrow(descriptor), borrow(descriptor)],
    result: bool,
    call: (_host, self: Descriptor, other: Descriptor) => {
      const [one, two] = [self.stat(), other.stat()]
      return one.dev === two.dev && one.ino === two.ino
    },
  },
  '[resource-drop]descriptor': {
    parameters: [own(descriptor)],
    call: (_host, self: Descriptor) => self.opening?.release(),
  },
  '[resource-drop]directory-entry-stream': { parameters: [own(entryStream)], call: () => {} },
  'filesystem-error-code': {
    parameters: [borrow(hostResource(IoError))],
    result: option(errorCode),
    call: (_host, { failure }: IoError) => (failure instanceof FileFailure ? errorName(failure) : undefined),
  },
})
