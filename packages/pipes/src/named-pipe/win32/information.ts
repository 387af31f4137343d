/**
 * What the system knows of a pipe: quotas, state, instances, buffer sizes.
 *
 * ```c
 * typedef struct _FILE_PIPE_LOCAL_INFORMATION {   // ntifs.h, ten ULONGs
 *   ULONG NamedPipeType, NamedPipeConfiguration, MaximumInstances, CurrentInstances, InboundQuota,
 *         ReadDataAvailable, OutboundQuota, WriteQuotaAvailable, NamedPipeState, NamedPipeEnd;
 * } FILE_PIPE_LOCAL_INFORMATION;
 * ```
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_file_pipe_local_information
 */
import { bindTable, defineLibrary, kernel32Library, type Bound } from '@uds/winsock-ffi'
import { traced } from '../../trace.ts'
import type { PipeDirection } from './pipe-cells.ts'
import { FileModeInformation, FilePipeLocalInformation } from './constants.ts'

const ntdll = defineLibrary({
  name: 'ntdll.dll',
  files: ['ntdll.dll'],
  lastError: () => () => kernel32Library.lastError(),
  toError: (nativeCode, syscall) => kernel32Library.toError(nativeCode, syscall),
})

const rows = {
  /** winternl.h: `NTSTATUS NtQueryInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS)` */
  NtQueryInformationFile: {
    args: ['HANDLE', 'void *', 'void *', 'DWORD', 'int'],
    result: 'int',
    fails: 'never',
  },
} as const

const calls: Bound<typeof rows> = bindTable(ntdll, rows)

const status = new BigInt64Array(2)
const info = new Uint32Array(10)

/** What the information says, or undefined where the system has none. */
const ask = (handle: number, answer: (information: Uint32Array) => number): number | undefined => {
  const result = traced('NtQueryInformationFile', handle, () => {
    const size = info.byteLength
    const failed = calls.NtQueryInformationFile.attempt(handle, status, info, size, FilePipeLocalInformation)
    return failed ? -1 : answer(info)
  })
  return result < 0 ? undefined : result
}

/** Bytes that a write may have so that it need not wait; Wine returns the size of the buffer, whatever is unread. */
export const writeQuotaOf = (handle: number): number | undefined => ask(handle, (its) => its[7]!)

const stateOf = (handle: number): number | undefined => ask(handle, (its) => its[8]!)

/** ntifs.h: both ends are there. */
const FILE_PIPE_CONNECTED_STATE = 3
/** ntifs.h: the peer has closed, and what it wrote may still be read. */
const FILE_PIPE_CLOSING_STATE = 4

/** True when the peer has closed its end, whatever is left to read. */
export const hasPeerClosed = (handle: number): boolean =>
  (stateOf(handle) ?? FILE_PIPE_CLOSING_STATE) === FILE_PIPE_CLOSING_STATE

/** False for a server's end that has no client, or has been disconnected. */
export const isConnected = (handle: number): boolean =>
  (stateOf(handle) ?? FILE_PIPE_CONNECTED_STATE) >= FILE_PIPE_CONNECTED_STATE

/** wdm.h: FILE_SYNCHRONOUS_IO_ALERT, FILE_SYNCHRONOUS_IO_NONALERT */
const SYNCHRONOUS = 0x10 | 0x20

/** True for a handle that was opened without FILE_FLAG_OVERLAPPED, where the system knows. */
export const isSynchronous = (handle: number): boolean => {
  const mode = new Uint32Array(1)
  const result = traced('NtQueryInformationFile', handle, () =>
    calls.NtQueryInformationFile.attempt(handle, status, mode, mode.byteLength, FileModeInformation),
  )
  return result === 0 && (mode[0]! & SYNCHRONOUS) !== 0
}

/** How many instances of the pipe there are. */
export const instancesOf = (handle: number): number => ask(handle, (its) => its[3]!) ?? 1

/** Bytes that the pipe holds, in the direction that holds less; 0 for one that holds none. */
export const bufferSizeOf = (handle: number): number => ask(handle, (its) => Math.min(its[4]!, its[6]!)) ?? 0

/** ntifs.h: FILE_PIPE_INBOUND, FILE_PIPE_OUTBOUND, FILE_PIPE_FULL_DUPLEX */
const DIRECTIONS: readonly (PipeDirection | undefined)[] = ['in', 'out', 'both']

/** Which way the bytes of a pipe go; undefined where the system does not say. */
export const directionOf = (handle: number): PipeDirection | undefined =>
  DIRECTIONS[ask(handle, (its) => its[1]!) ?? -1]
