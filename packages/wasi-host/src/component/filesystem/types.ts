/**
 * The types of `wasi:filesystem/types` of 0.2, and its error codes.
 *
 * @see https://github.com/WebAssembly/WASI/blob/v0.2.9/proposals/filesystem/wit/types.wit
 */
import type { BigIntStats } from 'node:fs'
import { failureOf, type Failure } from '../../outcome/failure.ts'
import { rescued, after, type Outcome } from '../../outcome/sync-promise.ts'
import { fileTypeOf } from '../../wasi/files/open-directory.ts'
import type { NewTime } from '../../wasi/files/times.ts'
import {
  option,
  record,
  result,
  string,
  u32,
  u64,
  variant,
  type Tagged,
  type Type,
} from '../canonical/types.ts'
import { isEnd } from '../error-code.ts'

const enumeration = (...names: readonly string[]): Type => ({ kind: 'enum', names })
const flags = (...names: readonly string[]): Type => ({ kind: 'flags', names })

export const errorCode: Type = enumeration(
  'access',
  'would-block',
  'already',
  'bad-descriptor',
  'busy',
  'deadlock',
  'quota',
  'exist',
  'file-too-large',
  'illegal-byte-sequence',
  'in-progress',
  'interrupted',
  'invalid',
  'io',
  'is-directory',
  'loop',
  'too-many-links',
  'message-size',
  'name-too-long',
  'no-device',
  'no-entry',
  'no-lock',
  'insufficient-memory',
  'insufficient-space',
  'not-directory',
  'not-empty',
  'not-recoverable',
  'unsupported',
  'no-tty',
  'no-such-device',
  'overflow',
  'not-permitted',
  'pipe',
  'read-only',
  'invalid-seek',
  'text-file-busy',
  'cross-device',
)

/** The names of the enum, by the codes of Node. What has no name is `io`. */
const names: Readonly<Record<string, string>> = {
  EACCES: 'access',
  EAGAIN: 'would-block',
  EALREADY: 'already',
  EBADF: 'bad-descriptor',
  EBUSY: 'busy',
  EDEADLK: 'deadlock',
  EDQUOT: 'quota',
  // Of the descriptors that one guest may have.
  EMFILE: 'quota',
  EEXIST: 'exist',
  EFBIG: 'file-too-large',
  EILSEQ: 'illegal-byte-sequence',
  EINPROGRESS: 'in-progress',
  EINTR: 'interrupted',
  EINVAL: 'invalid',
  EIO: 'io',
  EISDIR: 'is-directory',
  ELOOP: 'loop',
  EMLINK: 'too-many-links',
  EMSGSIZE: 'message-size',
  ENAMETOOLONG: 'name-too-long',
  ENODEV: 'no-device',
  ENOENT: 'no-entry',
  ENOLCK: 'no-lock',
  ENOMEM: 'insufficient-memory',
  ENFILE: 'insufficient-memory',
  ENOSPC: 'insufficient-space',
  ENOTDIR: 'not-directory',
  ENOTEMPTY: 'not-empty',
  ENOTRECOVERABLE: 'not-recoverable',
  ENOTSUP: 'unsupported',
  EOPNOTSUPP: 'unsupported',
  ENOSYS: 'unsupported',
  ENOTTY: 'no-tty',
  ENXIO: 'no-such-device',
  EOVERFLOW: 'overflow',
  EPERM: 'not-permitted',
  ENOTCAPABLE: 'not-permitted',
  EPIPE: 'pipe',
  EROFS: 'read-only',
  ESPIPE: 'invalid-seek',
  ETXTBSY: 'text-file-busy',
  EXDEV: 'cross-device',
}

export const errorName = ({ code }: Failure): string => names[code] ?? 'io'

/** `result<T, error-code>` of what an action returns or throws. */
export const attempted = (action: () => Outcome<unknown>): Outcome<Tagged> =>
  rescued<Tagged>(
    () => after(action(), (val): Tagged => ({ tag: 'ok', val })),
    (thrown) => {
      if (isEnd(thrown)) throw thrown
      return { tag: 'error', val: errorName(failureOf(thrown)) }
    },
  )

export const resultOf = (ok?: Type): Type => result(ok, errorCode)

/** The order is that of the interface. */
export const descriptorType: Type = enumeration(
  'unknown',
  'block-device',
  'character-device',
  'directory',
  'fifo',
  'symbolic-link',
  'regular-file',
  'socket',
)

export const descriptorFlags: Type = flags(
  'read',
  'write',
  'file-integrity-sync',
  'data-integrity-sync',
  'requested-write-sync',
  'mutate-directory',
)

/** `descriptor-flags` as a value. */
export interface DescriptorFlags {
  readonly read: boolean
  readonly write: boolean
  readonly fileIntegritySync: boolean
  readonly dataIntegritySync: boolean
  readonly requestedWriteSync: boolean
  readonly mutateDirectory: boolean
}

export const pathFlags: Type = flags('symlink-follow')
export interface PathFlags {
  readonly symlinkFollow: boolean
}

export const openFlags: Type = flags('create', 'directory', 'exclusive', 'truncate')
export interface OpenFlags {
  readonly create: boolean
  readonly directory: boolean
  readonly exclusive: boolean
  readonly truncate: boolean
}

export const advice: Type = enumeration(
  'normal',
  'sequential',
  'random',
  'will-need',
  'dont-need',
  'no-reuse',
)

const datetime = record(['seconds', u64], ['nanoseconds', u32])

export const descriptorStat: Type = record(
  ['type', descriptorType],
  ['link-count', u64],
  ['size', u64],
  ['data-access-timestamp', option(datetime)],
  ['data-modification-timestamp', option(datetime)],
  ['status-change-timestamp', option(datetime)],
)

export const directoryEntry: Type = record(['type', descriptorType], ['name', string])

export const metadataHash: Type = record(['lower', u64], ['upper', u64])

export const newTimestamp: Type = variant(['no-change'], ['now'], ['timestamp', datetime])

interface Datetime {
  readonly seconds: bigint
  readonly nanoseconds: number
}

const NS_PER_SECOND = 1_000_000_000n

/** Times before 1970 have no place in a datetime. */
const datetimeOf = (ns: bigint): Datetime | undefined =>
  ns < 0n ? undefined : { seconds: ns / NS_PER_SECOND, nanoseconds: Number(ns % NS_PER_SECOND) }

/** A `descriptor-stat`. */
export const statValue = (stat: BigIntStats): Readonly<Record<string, unknown>> => ({
  type: fileTypeOf(stat),
  linkCount: stat.nlink,
  size: stat.size,
  dataAccessTimestamp: datetimeOf(stat.atimeNs),
  dataModificationTimestamp: datetimeOf(stat.mtimeNs),
  statusChangeTimestamp: datetimeOf(stat.ctimeNs),
})

/** The time of a `new-timestamp`. */
export const newTimeOf = ({ tag, val }: Tagged): NewTime => {
  if (tag === 'now') return 'now'
  if (tag === 'no-change') return 'keep'
  const { seconds, nanoseconds } = val as Datetime
  return seconds * NS_PER_SECOND + BigInt(nanoseconds)
}
