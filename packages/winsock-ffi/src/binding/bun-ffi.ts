/** The backend bun:ffi: https://bun.sh/docs/runtime/ffi */
import { createRequire } from 'node:module'
import { fileOf } from '../bundle.ts'
import { runtime, runtimeName } from '../runtime/runtime.ts'
import { system } from '../system.ts'
import { backendMissing } from './backend-missing.ts'
import type { Backend, NativeFunction, NativeLibrary } from './backend.ts'
import { C_LIBRARY, ERRNO_LOCATION } from './c-library.ts'
import { converted, type Conversions } from './converted.ts'
import { asUtf16, asUtf8 } from './texts.ts'
import { fixedSignature } from './variadic.ts'

type BunType = 'void' | 'i32' | 'u32' | 'i64' | 'i64_fast' | 'u64' | 'ptr'

interface BunSymbol {
  readonly args: readonly BunType[]
  readonly returns: BunType
}

/** The part of bun:ffi that is used here. */
interface BunFfi {
  dlopen(
    file: string,
    symbols: Readonly<Record<string, BunSymbol>>,
  ): { readonly symbols: Readonly<Record<string, NativeFunction>> }
  ptr(view: ArrayBufferView): number
  toArrayBuffer(address: number, offset: number, size: number): ArrayBuffer
  readonly read: { i32(address: number, offset: number): number }
}

const ARGUMENTS = {
  int32_t: 'i32',
  uint32_t: 'u32',
  size_t: 'u64',
  intptr_t: 'i64',
  'unsigned long': 'u64',
  'void *': 'ptr',
  str: 'ptr',
  str16: 'ptr',
} as const

const RESULTS = {
  void: 'void',
  int32_t: 'i32',
  uint32_t: 'u32',
  // A number where it fits, as it does here always.
  intptr_t: 'i64_fast',
  'void *': 'ptr',
} as const

const conversions: Conversions = {
  args: {
    // Bun's pointers are numbers: an address has 48 bits.
    'void *': (value) => (typeof value === 'bigint' ? Number(value) : value),
    str: asUtf8,
    str16: asUtf16,
  },
  results: {
    intptr_t: Number,
    'void *': (address) => (address === null || address === 0 ? null : BigInt(address as number)),
  },
}

const onAppleArm64 = system === 'darwin' && process.arch === 'arm64'

/** Bun opens a library together with its functions. */
const libraryOf = (ffi: BunFfi, file: string): NativeLibrary => {
  const look = (name: string, symbol: BunSymbol): NativeFunction =>
    ffi.dlopen(file, { [name]: symbol }).symbols[name]!
  return {
    func: (name, result, args, variadic) => {
      const fixed = variadic ? fixedSignature(args, variadic, onAppleArm64) : undefined
      const types = fixed?.args ?? args
      const native = look(name, { returns: RESULTS[result], args: types.map((type) => ARGUMENTS[type]) })
      const call = converted(native, conversions, result, types)
      return fixed ? fixed.wrap(call) : call
    },
    has: (name) => {
      try {
        look(name, { returns: 'void', args: [] })
        return true
      } catch {
        return false
      }
    },
  }
}

/** @throws SocketError `ENOTSUP` in another runtime, and on Windows. */
export const bunBackend = (): Backend => {
  if (runtime.name !== 'bun')
    throw backendMissing('bun:ffi', `this is ${runtimeName} ${runtime.version}`, 'only Bun has bun:ffi')
  // Whether GetLastError survives its calls is not known.
  if (system === 'win32')
    throw backendMissing('bun:ffi', 'nobody has tried it on Windows', 'run "bun add koffi"')
  const url = import.meta.url as string | undefined
  const ffi = createRequire(fileOf(url))('bun:ffi') as BunFfi
  // Looked up before the first call: to do so after a call would change its errno.
  const errnoLocation = libraryOf(ffi, C_LIBRARY).func(ERRNO_LOCATION, 'intptr_t', [])
  const errno = (): number => ffi.read.i32(errnoLocation() as number, 0)
  errno()
  return {
    name: 'bun:ffi',
    version: runtime.version,
    load: (file) => libraryOf(ffi, file ?? C_LIBRARY),
    errno,
    address: (view) => BigInt(ffi.ptr(view)),
    view: (address, size) => ffi.toArrayBuffer(Number(address), 0, size),
  }
}
