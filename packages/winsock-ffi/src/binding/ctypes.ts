/**
 * The C types that a row of a binding table may name: what JavaScript passes and receives for each, how a
 * backend spells it, and which values are accepted. Integers that a backend would truncate without a word (1.5, NaN, 2 ** 40
 * for an `int`) are refused here instead.
 */
import type { NativeArgument, NativeResult } from './backend.ts'

/** Memory for a C function: a view of bytes, the address of something, or NULL. */
export type Pointer = ArrayBufferView | bigint | null

/** What JavaScript passes for each C type. */
export interface CArguments {
  int: number
  'unsigned int': number
  size_t: number
  /** The address of something, as a number: 48 bits of it are in use. */
  uintptr_t: number
  socklen_t: number
  'unsigned long': number
  u_long: number
  DWORD: number
  BOOL: number
  SOCKET: number
  HANDLE: number
  'void *': Pointer
  LPCSTR: string
  LPCWSTR: string | null
}

/** What a call returns for each C type. */
export interface CResults {
  void: undefined
  int: number
  ssize_t: number
  DWORD: number
  BOOL: number
  SOCKET: number
  HANDLE: number
  'void *': bigint | null
}

export type CArgument = keyof CArguments
export type CResult = keyof CResults

interface ArgumentType {
  readonly native: NativeArgument
  /** What is accepted, in words, for the error message. */
  readonly expected: string
  accepts(value: unknown): boolean
}

const integer = (native: NativeArgument, from: number, to: number): ArgumentType => ({
  native,
  expected: `an integer from ${from} to ${to}`,
  accepts: (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
})

const int32 = integer('int32_t', -(2 ** 31), 2 ** 31 - 1)
const uint32 = integer('uint32_t', 0, 2 ** 32 - 1)
// SOCKET and HANDLE are pointer-sized; INVALID_SOCKET and INVALID_HANDLE_VALUE are all ones, which is -1 when signed.
const handle = integer('intptr_t', -1, Number.MAX_SAFE_INTEGER)

/** Each argument type of the tables, by its C name. */
export const argumentTypes: Readonly<Record<CArgument, ArgumentType>> = {
  int: int32,
  'unsigned int': uint32,
  size_t: integer('size_t', 0, Number.MAX_SAFE_INTEGER),
  uintptr_t: integer('size_t', 0, Number.MAX_SAFE_INTEGER),
  socklen_t: uint32,
  // The C type of the system: 64 bits on POSIX. The u_long of Winsock has 32.
  'unsigned long': integer('unsigned long', 0, 2 ** 32 - 1),
  u_long: uint32,
  DWORD: uint32,
  BOOL: int32,
  SOCKET: handle,
  HANDLE: handle,
  'void *': {
    native: 'void *',
    expected: 'a Buffer or other view of bytes, an address (bigint) or null',
    accepts: (value) => value === null || ArrayBuffer.isView(value) || typeof value === 'bigint',
  },
  LPCSTR: {
    native: 'str',
    expected: 'a string without NUL',
    accepts: (value) => typeof value === 'string' && !value.includes('\0'),
  },
  LPCWSTR: {
    native: 'str16',
    expected: 'a string without NUL, or null',
    accepts: (value) => value === null || (typeof value === 'string' && !value.includes('\0')),
  },
}

/** Each result type of the tables, as backends know it. */
export const resultTypes: Readonly<Record<CResult, NativeResult>> = {
  void: 'void',
  int: 'int32_t',
  ssize_t: 'intptr_t',
  DWORD: 'uint32_t',
  BOOL: 'int32_t',
  SOCKET: 'intptr_t',
  HANDLE: 'intptr_t',
  'void *': 'void *',
}
