/** Checks of the options of packet sockets, before any system call. */
import { checkOptions, invalidArgument, optionNames, outOfRange } from '@uds/winsock-ffi'
import { integer, INT_MAX } from '@uds/winsock-ffi/internal'
import type { PacketSocketOptions } from './packet.ts'

/** The options with their defaults. */
export interface PacketSettings {
  readonly maxMessageBytes: number
  readonly maxQueued: number
  readonly maxUnsent: number
  readonly credentials: boolean
  readonly maxDescriptors: number
}

const names = optionNames<PacketSocketOptions>({
  maxMessageBytes: true,
  maxQueued: true,
  maxUnsent: true,
  credentials: true,
  maxDescriptors: true,
})

/** SCM_MAX_FD of Linux: the largest number of descriptors in one message. */
const MAX_DESCRIPTORS = 253

/**
 * @param more - Options of the caller itself.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export const packetSettings = (
  where: string,
  options: PacketSocketOptions,
  more: readonly string[] = [],
): PacketSettings => {
  checkOptions(options, where, [...names, ...more])
  const { credentials = false, maxDescriptors = MAX_DESCRIPTORS } = options
  if (typeof credentials !== 'boolean') throw invalidArgument(where, 'credentials', 'a boolean', credentials)
  if (!Number.isInteger(maxDescriptors) || maxDescriptors < 0 || maxDescriptors > MAX_DESCRIPTORS)
    throw outOfRange(where, 'maxDescriptors', `an integer from 0 to ${MAX_DESCRIPTORS}`, maxDescriptors)
  return {
    maxMessageBytes: integer(where, 'maxMessageBytes', options.maxMessageBytes ?? 262_144, 1, INT_MAX),
    maxQueued: integer(where, 'maxQueued', options.maxQueued ?? 64, 1, INT_MAX),
    maxUnsent: integer(where, 'maxUnsent', options.maxUnsent ?? 1024, 1, INT_MAX),
    credentials,
    maxDescriptors,
  }
}
