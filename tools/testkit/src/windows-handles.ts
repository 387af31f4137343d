import { createRequire } from 'node:module'

// GetProcessHandleCount would be the obvious call, but Wine answers 0, and it counts events, threads and
// completion ports, of which Node has more or fewer as it likes. NtQuerySystemInformation lists every handle
// with its type, and sockets, pipes and files are all of the type "File".
// https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntquerysysteminformation
const SYSTEM_EXTENDED_HANDLE_INFORMATION = 64
const STATUS_INFO_LENGTH_MISMATCH = 0xc0000004

// SYSTEM_HANDLE_INFORMATION_EX: ULONG_PTR NumberOfHandles, ULONG_PTR Reserved, then the entries, each
// { PVOID Object; ULONG_PTR UniqueProcessId; ULONG_PTR HandleValue; ULONG GrantedAccess;
//   USHORT CreatorBackTraceIndex; USHORT ObjectTypeIndex; ULONG HandleAttributes; ULONG Reserved; }
const HEADER_BYTES = 16
const ENTRY_BYTES = 40
const PROCESS_OFFSET = 8
const HANDLE_OFFSET = 16
const TYPE_OFFSET = 30

const GENERIC_READ = 0x80000000
const FILE_SHARE_READ = 1
const OPEN_EXISTING = 3

interface Handle {
  readonly value: bigint
  readonly type: number
}

// Koffi calls on a stack of its own, and Wine copies a system call's arguments with 40 bytes beyond the return
// address, which is past its end. More arguments than the call takes make room; the caller removes them on x64.
const QUERY =
  'int32_t NtQuerySystemInformation(int, void *, uint32_t, void *, int64_t, int64_t, int64_t, int64_t)'

type Query = (buffer: Buffer) => number

let buffer: Buffer = Buffer.alloc(1 << 20)

const allHandles = (query: Query): Handle[] => {
  let status = query(buffer)
  // The list grows between two calls, so the length it asks for may be too small already: doubling is safe.
  while (status >>> 0 === STATUS_INFO_LENGTH_MISMATCH) {
    buffer = Buffer.alloc(buffer.length * 2)
    status = query(buffer)
  }
  if (status !== 0) throw new Error(`NtQuerySystemInformation: NTSTATUS 0x${(status >>> 0).toString(16)}`)
  const own = BigInt(process.pid)
  const handles: Handle[] = []
  const count = Number(buffer.readBigUInt64LE(0))
  for (let at = HEADER_BYTES; at < HEADER_BYTES + count * ENTRY_BYTES; at += ENTRY_BYTES) {
    if (buffer.readBigUInt64LE(at + PROCESS_OFFSET) !== own) continue
    handles.push({
      value: buffer.readBigUInt64LE(at + HANDLE_OFFSET),
      type: buffer.readUInt16LE(at + TYPE_OFFSET),
    })
  }
  return handles
}

/** What is used of https://koffi.dev */
interface Koffi {
  load(file: string): { func(declaration: string): (...args: unknown[]) => number }
}

/** Loads a function that counts this process' open sockets, pipes, files and devices. Windows and Wine. */
export const loadFileHandleCount = (): (() => number) => {
  const koffi = createRequire(import.meta.url)(`@koromix/koffi-win32-${process.arch}`) as Koffi
  const kernel32 = koffi.load('kernel32.dll')
  const createFile = kernel32.func(
    'intptr_t CreateFileW(str16, uint32_t, uint32_t, void *, uint32_t, uint32_t, void *)',
  )
  const closeHandle = kernel32.func('int CloseHandle(intptr_t)')
  const call = koffi.load('ntdll.dll').func(QUERY)
  const query: Query = (into) => call(SYSTEM_EXTENDED_HANDLE_INFORMATION, into, into.length, null, 0, 0, 0, 0)

  // The number of the type "File" differs between versions of Windows: a file opened here has it.
  const sample: number = createFile(
    process.execPath,
    GENERIC_READ,
    FILE_SHARE_READ,
    null,
    OPEN_EXISTING,
    0,
    null,
  )
  const fileType = allHandles(query).find(({ value }) => value === BigInt(sample))?.type
  closeHandle(sample)
  if (fileType === undefined)
    throw new Error('NtQuerySystemInformation does not list the handles of this process')
  return () => allHandles(query).filter(({ type }) => type === fileType).length
}
