/** `wasi:filesystem` of 0.3: what it has in common with 0.2, by its own types, and the streams of files and directories. */
import type { Failure } from '../../outcome/failure.ts'
import type { FileType } from '../../wasi/files/open-directory.ts'
import { checkedOffset } from '../../wasi/files/open-file.ts'
import { StandardStream } from '../../wasi/stdio/standard-stream.ts'
import { futureOf, streamOf } from '../async/carried.ts'
import { Future } from '../async/future.ts'
import type { AsyncHost } from '../async/host.ts'
import { ENDED, Stream, type ItemSource } from '../async/stream.ts'
import { asyncFunc, func, type WitFunction, type WitFunctions } from '../async/wit-function.ts'
import { mapped, tuple } from '../canonical/compound.ts'
import { borrow, own } from '../canonical/handle.ts'
import { option, record, result, variant, type Result, type Tagged } from '../canonical/named.ts'
import { bool, s64, u32, u64, u8 } from '../canonical/scalars.ts'
import { string } from '../canonical/text.ts'
import type { ValueType } from '../canonical/type.ts'
import { channelAtEnd, channelFrom, Descriptor, type FileChannel } from '../filesystem/descriptor.ts'
import {
  descriptorFunctions,
  expectReadable,
  expectWritable,
  isSameObject,
} from '../filesystem/descriptor-functions.ts'
import { directories, directoriesOf, pathFunctions, type PathTypes } from '../filesystem/path-functions.ts'
import { directoryEntry, errorName, errorNames } from '../filesystem/types.ts'
import { attempt, type Fallible } from '../row.ts'
import { EndpointSink, EndpointSource, noBytes, takesNothing } from './byte-streams.ts'
import { StandardEndpoint, type Direction, type Endpoint } from './endpoint.ts'
import { asItIs } from './error-code.ts'

/** The host takes none of them. */
const hostOnly = (): never => {
  throw new TypeError('only the host makes values of this type')
}

/** The last case says in words what has no case of its own: would-block, too. */
const errorCode: ValueType<Failure> = mapped<Tagged, Failure>(
  variant(...errorNames.map((name) => [name] as const), ['other', option(string)]),
  hostOnly,
  (failure) => {
    const name = errorName(failure)
    return name === undefined || name === 'would-block'
      ? { tag: 'other', val: `${failure.code}: ${failure.detail}` }
      : { tag: name }
  },
)

/** A file whose type is not known has the last case. */
const descriptorType: ValueType<FileType> = mapped<Tagged, FileType>(
  variant(
    ['block-device'],
    ['character-device'],
    ['directory'],
    ['fifo'],
    ['symbolic-link'],
    ['regular-file'],
    ['socket'],
    ['other', option(string)],
  ),
  hostOnly,
  (type) => ({ tag: type === 'unknown' ? 'other' : type }),
)

const NS_PER_SECOND = 1_000_000_000n

/** `instant`: a time before 1970 has negative seconds, and nanoseconds after those. */
const instant: ValueType<bigint> = mapped(
  record(['seconds', s64], ['nanoseconds', u32]),
  ({ seconds, nanoseconds }) => seconds * NS_PER_SECOND + BigInt(nanoseconds),
  (ns) => {
    const nanoseconds = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND
    return { seconds: (ns - nanoseconds) / NS_PER_SECOND, nanoseconds: Number(nanoseconds) }
  },
)

const types: PathTypes = {
  type: descriptorType,
  time: instant,
  someTime: option(instant),
  // What is opened for nothing is read, and what is created is written.
  opened: (flags, { create }) => ({
    ...flags,
    read: flags.read || !flags.write,
    write: flags.write || create,
  }),
}

/** An `async func` whose failures are the error code. No file makes the host wait. */
const fallible: Fallible<WitFunction> = (parameters, ok, call) =>
  asyncFunc(parameters, result(ok, errorCode), (host, _call, ...args) =>
    attempt(() => call(host, ...args), asItIs),
  )

type Ending = Result<undefined, Failure>
const ending: ValueType<Ending> = result<undefined, Failure>(undefined, errorCode)
const ended = (failure: Failure | undefined): Ending => (failure ? { error: failure } : { ok: undefined })

/** Bytes that one call reads or writes at most: it holds up the thread. */
const MOST_BYTES = 1024 * 1024

/** A file, or what is open besides, until its stream ends. */
const endpointOf = (
  host: AsyncHost,
  { what }: Descriptor,
  { channel, onDrop }: FileChannel,
  direction: Direction,
): Endpoint => {
  if (what instanceof StandardStream) {
    const stream = new StandardEndpoint(host, what, direction)
    return { isReady: (wake) => stream.isReady(wake), move: (bytes) => stream.move(bytes), close: onDrop }
  }
  const move = direction === 'read' ? channel.read : channel.write
  return {
    isReady: () => true,
    move: (bytes) => move(host.guest, bytes.parts()[0]!.subarray(0, MOST_BYTES), false) as number,
    close: onDrop,
  }
}

/** What an action returns; what it fails with goes to the future. */
const started = <T>(future: Future<Ending>, action: () => T): T | undefined => {
  const outcome = attempt(action, asItIs) as Result<T, Failure>
  if ('ok' in outcome) return outcome.ok
  future.resolve(ended(outcome.error))
  return undefined
}

const readVia = (
  host: AsyncHost,
  descriptor: Descriptor,
  offset: bigint,
): readonly [Stream<number>, Future<Ending>] => {
  const future = new Future(ending)
  const endpoint = started(future, () => {
    expectReadable(descriptor)
    return endpointOf(host, descriptor, channelFrom(descriptor, checkedOffset(offset)), 'read')
  })
  const source = endpoint && new EndpointSource(endpoint, (failure) => future.resolve(ended(failure)))
  return [new Stream(u8, source ?? noBytes), future]
}

const writeVia = (
  host: AsyncHost,
  descriptor: Descriptor,
  data: Stream<number>,
  open: () => FileChannel,
): Future<Ending> => {
  const future = new Future(ending)
  const endpoint = started(future, () => {
    expectWritable(descriptor)
    return endpointOf(host, descriptor, open(), 'write')
  })
  data.attach(
    endpoint ? new EndpointSink(endpoint, (failure) => future.resolve(ended(failure))) : takesNothing,
  )
  return future
}

/** Items that are there already. */
const itemsOf = <T>(items: readonly T[], onEnd: () => void): ItemSource<T> => {
  let at = 0
  return {
    next: () => {
      if (at < items.length) return items[at++]!
      onEnd()
      return ENDED
    },
    drop: onEnd,
  }
}

const entry = directoryEntry(types)
const self = borrow(Descriptor)

export const filesystem: WitFunctions = {
  ...descriptorFunctions(fallible, types),
  ...pathFunctions(fallible, types),
  '[method]descriptor.read-via-stream': func([self, u64], tuple(streamOf(u8), futureOf(ending)), readVia),
  '[method]descriptor.write-via-stream': func(
    [self, streamOf(u8), u64],
    futureOf(ending),
    (host, descriptor, data, offset) =>
      writeVia(host, descriptor, data, () => channelFrom(descriptor, checkedOffset(offset))),
  ),
  '[method]descriptor.append-via-stream': func(
    [self, streamOf(u8)],
    futureOf(ending),
    (host, descriptor, data) => writeVia(host, descriptor, data, () => channelAtEnd(descriptor, host)),
  ),
  '[method]descriptor.read-directory': func(
    [self],
    tuple(streamOf(entry), futureOf(ending)),
    (_host, descriptor) => {
      const future = new Future(ending)
      const entries = started(future, () => descriptor.directory.entries(true))
      const source = itemsOf(entries ?? [], () => future.resolve(ended(undefined)))
      return [new Stream(entry, source), future] as const
    },
  ),
  '[method]descriptor.is-same-object': asyncFunc([self, self], bool, (_host, _call, one, other) =>
    isSameObject(one, other),
  ),
  '[resource-drop]descriptor': func([own(Descriptor)], undefined, (_host, { opening }) => opening?.release()),
}

export const preopens: WitFunctions = { 'get-directories': func([], directories, directoriesOf) }
