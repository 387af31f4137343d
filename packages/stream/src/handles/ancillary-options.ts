/** AncillaryOptions: bounds of an AncillarySocket, checked. */
import { checkOptions, invalidArgument, optionNames, outOfRange } from '@uds/winsock-ffi'
import { integer, INT_MAX } from '@uds/winsock-ffi/internal'
import type { SendLimits } from './byte-sender.ts'
import type { ChunkSettings } from './chunk-receiver.ts'
import { MAX_HANDLES } from './frame.ts'

export interface AncillaryOptions {
  /**
   * The largest number of descriptors that a message may bring, 0 to 253. Further ones are closed, and the chunk is
   * `truncated`.
   *
   * @default 253
   */
  readonly maxDescriptors?: number | undefined
  /**
   * Linux: receive the credentials of the sender with each chunk, as the kernel vouches for them (SO_PASSCRED).
   *
   * @default false
   */
  readonly credentials?: boolean | undefined
  /**
   * The number of sends that wait while the peer does not read; a further one rejects with `ENOBUFS`.
   *
   * @default 1024
   */
  readonly maxUnsent?: number | undefined
  /**
   * The bytes that wait to be sent while the peer does not read; a further send rejects with `ENOBUFS`. A single send may be
   * longer.
   *
   * @default 67_108_864
   */
  readonly maxUnsentBytes?: number | undefined
}

const MIB = 2 ** 20

export const ancillaryOptions: readonly string[] = optionNames<AncillaryOptions>({
  maxDescriptors: true,
  credentials: true,
  maxUnsent: true,
  maxUnsentBytes: true,
})

/**
 * @param more - Options of the caller itself.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export const ancillarySettings = (
  where: string,
  options: AncillaryOptions,
  more: readonly string[] = [],
): ChunkSettings & SendLimits => {
  checkOptions(options, where, [...ancillaryOptions, ...more])
  const { maxDescriptors = MAX_HANDLES, credentials = false } = options
  if (typeof credentials !== 'boolean') throw invalidArgument(where, 'credentials', 'a boolean', credentials)
  if (!Number.isInteger(maxDescriptors) || maxDescriptors < 0 || maxDescriptors > MAX_HANDLES)
    throw outOfRange(where, 'maxDescriptors', `an integer from 0 to ${MAX_HANDLES}`, maxDescriptors)
  return {
    maxDescriptors,
    credentials,
    maxUnsent: integer(where, 'maxUnsent', options.maxUnsent ?? 1024, 1, INT_MAX),
    maxUnsentBytes: integer(where, 'maxUnsentBytes', options.maxUnsentBytes ?? 64 * MIB, 1, INT_MAX),
  }
}
