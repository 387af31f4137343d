/**
 * The types of `wasi:filesystem/types` that 0.2 and 0.3 have in common, and the names of its errors.
 *
 * @see https://github.com/WebAssembly/WASI/blob/v0.2.9/proposals/filesystem/wit/types.wit
 * @see https://github.com/WebAssembly/WASI/blob/v0.3.0/proposals/filesystem/wit/types.wit
 */
import { mapped } from '../canonical/compound.ts'
import { enumeration, flags, record, variant, type Flags } from '../canonical/named.ts'
import { u64 } from '../canonical/scalars.ts'
import { string } from '../canonical/text.ts'
import type { ValueType } from '../canonical/type.ts'
import type { Failure } from '../../outcome/failure.ts'
import type { DirectoryEntry, FileType } from '../../wasi/files/open-directory.ts'
import type { NewTime } from '../../wasi/files/times.ts'

/** The error codes; 0.2 has would-block besides. */
export const errorNames = [
  'access',
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
] as const

export type ErrorName = (typeof errorNames)[number] | 'would-block'

/** By the codes of Node. */
const names: Readonly<Record<string, ErrorName>> = {
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

/** The name of an error; undefined for one that has none. */
export const errorName = ({ code }: Failure): ErrorName | undefined =>
  Object.hasOwn(names, code) ? names[code] : undefined

export type DescriptorFlags = Flags<
  | 'read'
  | 'write'
  | 'file-integrity-sync'
  | 'data-integrity-sync'
  | 'requested-write-sync'
  | 'mutate-directory'
>
export const descriptorFlags: ValueType<DescriptorFlags> = flags(
  'read',
  'write',
  'file-integrity-sync',
  'data-integrity-sync',
  'requested-write-sync',
  'mutate-directory',
)

export const pathFlags: ValueType<Flags<'symlink-follow'>> = flags('symlink-follow')

export type OpenFlags = Flags<'create' | 'directory' | 'exclusive' | 'truncate'>
export const openFlags: ValueType<OpenFlags> = flags('create', 'directory', 'exclusive', 'truncate')

export const advice: ValueType<string> = enumeration(
  'normal',
  'sequential',
  'random',
  'will-need',
  'dont-need',
  'no-reuse',
)

/** What a version has of its own. */
export interface VersionTypes {
  readonly type: ValueType<FileType>
  /** A time in nanoseconds since 1970. */
  readonly time: ValueType<bigint>
  /** An option of one: none where the version has no place for it. */
  readonly someTime: ValueType<bigint | undefined>
}

/** `descriptor-stat` */
export interface Stat {
  readonly type: FileType
  readonly linkCount: bigint
  readonly size: bigint
  readonly dataAccessTimestamp: bigint | undefined
  readonly dataModificationTimestamp: bigint | undefined
  readonly statusChangeTimestamp: bigint | undefined
}

export const descriptorStat = ({ type, someTime }: VersionTypes): ValueType<Stat> =>
  record(
    ['type', type],
    ['link-count', u64],
    ['size', u64],
    ['data-access-timestamp', someTime],
    ['data-modification-timestamp', someTime],
    ['status-change-timestamp', someTime],
  )

export const directoryEntry = ({ type }: VersionTypes): ValueType<DirectoryEntry> =>
  record(['type', type], ['name', string])

/** `metadata-hash-value` */
export interface MetadataHash {
  readonly lower: bigint
  readonly upper: bigint
}
export const metadataHash: ValueType<MetadataHash> = record(['lower', u64], ['upper', u64])

/** `new-timestamp` */
export const newTimestamp = ({ time }: VersionTypes): ValueType<NewTime> =>
  mapped(
    variant(['no-change'], ['now'], ['timestamp', time]),
    ({ tag, val }): NewTime => (tag === 'timestamp' ? (val as bigint) : tag === 'now' ? 'now' : 'keep'),
    () => {
      throw new TypeError('the host returns no new-timestamp')
    },
  )
