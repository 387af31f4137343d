/**
 * How much may be written without waiting.
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
import { FilePipeLocalInformation } from './constants.ts'

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

const query = (handle: number): boolean =>
  calls.NtQueryInformationFile.attempt(handle, status, info, info.byteLength, FilePipeLocalInformation) === 0

/** ntifs.h: the peer has closed, and what it wrote may still be read. */
const FILE_PIPE_CLOSING_STATE = 4

/** True when the peer has closed its end, whatever is left to read. */
export const hasPeerClosed = (handle: number): boolean =>
  !query(handle) || info[8] === FILE_PIPE_CLOSING_STATE

/** How many instances of the pipe there are. */
export const instancesOf = (handle: number): number => (query(handle) ? info[3]! : 1)

let told: boolean | undefined

/**
 * Remembers whether this system counts what is unread: the quota of a pipe is asked for before and after a byte was
 * written to it. Wine always answers the same.
 */
export const learnQuota = (handle: number, writeByte: () => void): void => {
  if (!query(handle)) {
    told = false
    return
  }
  const before = info[7]!
  writeByte()
  told = query(handle) && before > info[7]!
}

/** True until {@link learnQuota} was called. */
export const quotaUnknown = (): boolean => told === undefined

/** Bytes that a write may have so that it need not wait; undefined where the system does not tell. */
export const quotaOf = (handle: number): number | undefined => (told && query(handle) ? info[7]! : undefined)

/** Bytes that the pipe holds, in the direction that holds less; 0 for one that holds none. */
export const bufferSizeOf = (handle: number): number => (query(handle) ? Math.min(info[4]!, info[6]!) : 0)
