/** `wasi:filesystem` of 0.2. */
import { checkedOffset } from '../../wasi/files/open-file.ts'
import { mapped, tuple } from '../canonical/compound.ts'
import { borrow, own } from '../canonical/handle.ts'
import { bytes } from '../canonical/lists.ts'
import { enumeration, option, record } from '../canonical/named.ts'
import { bool, u32, u64 } from '../canonical/scalars.ts'
import type { ValueType } from '../canonical/type.ts'
import { dropRow, MOST_AT_ONCE, type ComponentRow, type ComponentRows } from '../host.ts'
import { fallibleRow, row, type Fallible } from '../row.ts'
import { InputStream, IoError, OutputStream } from '../streams.ts'
import { channelAtEnd, channelFrom, Descriptor, DirectoryEntryStream, FileFailure } from './descriptor.ts'
import { descriptorFunctions, expectReadable, expectWritable, isSameObject } from './descriptor-functions.ts'
import { directories, directoriesOf, pathFunctions, type PathTypes } from './path-functions.ts'
import { directoryEntry, errorName, errorNames, type ErrorName } from './types.ts'

/** The order is that of the interface. */
const [access, ...others] = errorNames
const errorCode: ValueType<ErrorName> = enumeration<ErrorName>(access, 'would-block', ...others)

const fallible: Fallible<ComponentRow> = fallibleRow(errorCode, (failure) => errorName(failure) ?? 'io')

const NS_PER_SECOND = 1_000_000_000n

interface Datetime {
  readonly seconds: bigint
  readonly nanoseconds: number
}

const datetime: ValueType<Datetime> = record(['seconds', u64], ['nanoseconds', u32])
const nsOf = ({ seconds, nanoseconds }: Datetime): bigint => seconds * NS_PER_SECOND + BigInt(nanoseconds)
const datetimeOf = (ns: bigint): Datetime => ({
  seconds: ns / NS_PER_SECOND,
  nanoseconds: Number(ns % NS_PER_SECOND),
})

const types: PathTypes = {
  type: enumeration(
    'unknown',
    'block-device',
    'character-device',
    'directory',
    'fifo',
    'symbolic-link',
    'regular-file',
    'socket',
  ),
  time: mapped(datetime, nsOf, datetimeOf),
  // Times before 1970 have no place in a datetime.
  someTime: mapped(
    option(datetime),
    (time) => time && nsOf(time),
    (ns) => (ns === undefined || ns < 0n ? undefined : datetimeOf(ns)),
  ),
  opened: (flags) => flags,
}

const self = borrow(Descriptor)

const streamRows: ComponentRows = {
  '[method]descriptor.read-via-stream': fallible(
    [self, u64],
    own(InputStream),
    (_host, descriptor, offset) => {
      expectReadable(descriptor)
      const { channel, onDrop } = channelFrom(descriptor, checkedOffset(offset))
      return new InputStream(channel, onDrop)
    },
  ),
  '[method]descriptor.write-via-stream': fallible(
    [self, u64],
    own(OutputStream),
    (_host, descriptor, offset) => {
      expectWritable(descriptor)
      const { channel, onDrop } = channelFrom(descriptor, checkedOffset(offset))
      return new OutputStream(channel, onDrop)
    },
  ),
  '[method]descriptor.append-via-stream': fallible([self], own(OutputStream), (host, descriptor) => {
    expectWritable(descriptor)
    const { channel, onDrop } = channelAtEnd(descriptor, host)
    return new OutputStream(channel, onDrop)
  }),
  '[method]descriptor.read': fallible(
    [self, u64, u64],
    tuple(bytes, bool),
    (host, { file }, length, offset) => {
      const most = length > BigInt(MOST_AT_ONCE) ? MOST_AT_ONCE : Number(length)
      const into = host.scratch.subarray(0, most)
      const count = file.readAt([into], checkedOffset(offset))
      return [into.subarray(0, count), count < most] as const
    },
  ),
  '[method]descriptor.write': fallible([self, bytes, u64], u64, (_host, descriptor, data, offset) => {
    expectWritable(descriptor)
    return BigInt(descriptor.file.writeAt([data], checkedOffset(offset)))
  }),
}

export const filesystemRows: ComponentRows = {
  ...descriptorFunctions(fallible, types),
  ...pathFunctions(fallible, types),
  ...streamRows,
  '[method]descriptor.read-directory': fallible(
    [self],
    own(DirectoryEntryStream),
    (_host, { directory }) => new DirectoryEntryStream(directory.entries(true)),
  ),
  '[method]directory-entry-stream.read-directory-entry': fallible(
    [borrow(DirectoryEntryStream)],
    option(directoryEntry(types)),
    (_host, stream) => stream.next(),
  ),
  '[method]descriptor.is-same-object': row([self, self], bool, (_host, one, other) =>
    isSameObject(one, other),
  ),
  '[resource-drop]descriptor': row([own(Descriptor)], undefined, (_host, { opening }) => opening?.release()),
  '[resource-drop]directory-entry-stream': dropRow(DirectoryEntryStream),
  'filesystem-error-code': row([borrow(IoError)], option(errorCode), (_host, { failure }) =>
    failure instanceof FileFailure ? (errorName(failure) ?? 'io') : undefined,
  ),
}

export const preopensRows: ComponentRows = { 'get-directories': row([], directories, directoriesOf) }
