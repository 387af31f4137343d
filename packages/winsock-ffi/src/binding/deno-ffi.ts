/** The backend Deno.dlopen: https://docs.deno.com/runtime/fundamentals/ffi/ */
import { runtime, runtimeName } from '../runtime/runtime.ts'
import { system } from '../system.ts'
import { backendMissing } from './backend-missing.ts'
import type { Backend, NativeArgument, NativeFunction, NativeLibrary } from './backend.ts'
import { C_LIBRARY, ERRNO_LOCATION } from './c-library.ts'
import { converted, type Conversions } from './converted.ts'
import { asUtf16, asUtf8 } from './texts.ts'
import { fixedSignature } from './variadic.ts'

type DenoType = 'void' | 'i32' | 'u32' | 'isize' | 'usize' | 'buffer' | 'pointer'

interface DenoSymbol {
  readonly parameters: readonly DenoType[]
  readonly result: DenoType
}

/** Deno's pointers are objects without properties. */
type PointerObject = object

/** The part of the namespace Deno that is used here. */
interface DenoFfi {
  dlopen(
    file: string,
    symbols: Readonly<Record<string, DenoSymbol>>,
  ): { readonly symbols: Readonly<Record<string, NativeFunction>>; close(): void }
  readonly UnsafePointer: {
    create(address: bigint): PointerObject | null
    of(view: ArrayBufferView): PointerObject
    value(pointer: PointerObject | null): bigint
  }
  readonly UnsafePointerView: {
    new (pointer: PointerObject): { getInt32(): number }
    getArrayBuffer(pointer: PointerObject, size: number): ArrayBuffer
  }
}

const TYPES = {
  void: 'void',
  int32_t: 'i32',
  uint32_t: 'u32',
  size_t: 'usize',
  intptr_t: 'isize',
  'unsigned long': 'usize',
  'void *': 'pointer',
  str: 'buffer',
  str16: 'buffer',
} as const

const conversionsOf = ({ UnsafePointer }: DenoFfi): Conversions => ({
  args: {
    'void *': (value) => (typeof value === 'bigint' ? UnsafePointer.create(value) : value),
    str: asUtf8,
    str16: asUtf16,
  },
  results: {
    intptr_t: Number,
    'void *': (pointer) => (pointer === null ? null : UnsafePointer.value(pointer as PointerObject)),
  },
})

const onAppleArm64 = system === 'darwin' && process.arch === 'arm64'

/** Deno takes either memory or an address for an argument: each mixture is a signature of its own, looked up when it is used. */
const byMixture = (
  types: readonly NativeArgument[],
  look: (parameters: readonly DenoType[]) => NativeFunction,
): NativeFunction => {
  const pointers = types.flatMap((type, index) => (type === 'void *' ? [index] : []))
  const of = (addresses: number): NativeFunction =>
    look(
      types.map((type, index) =>
        type === 'void *' && !(addresses & (1 << pointers.indexOf(index))) ? 'buffer' : TYPES[type],
      ),
    )
  const usual = of(0)
  if (pointers.length === 0) return usual
  const mixtures = [usual]
  return (...args) => {
    let addresses = 0
    for (const [bit, index] of pointers.entries()) if (typeof args[index] === 'bigint') addresses |= 1 << bit
    return (mixtures[addresses] ??= of(addresses))(...args)
  }
}

const libraryOf = (deno: DenoFfi, file: string): NativeLibrary => {
  const conversions = conversionsOf(deno)
  const look = (name: string, symbol: DenoSymbol): NativeFunction =>
    deno.dlopen(file, { [name]: symbol }).symbols[name]!
  return {
    func: (name, result, args, variadic) => {
      const fixed = variadic ? fixedSignature(args, variadic, onAppleArm64) : undefined
      const types = fixed?.args ?? args
      const call = byMixture(types, (parameters) =>
        converted(look(name, { parameters, result: TYPES[result] }), conversions, result, types),
      )
      return fixed ? fixed.wrap(call) : call
    },
    has: (name) => {
      try {
        look(name, { parameters: [], result: 'void' })
        return true
      } catch {
        return false
      }
    },
  }
}

/** @throws SocketError `ENOTSUP` in another runtime, on Windows, and where Deno's permissions refuse it. */
export const denoBackend = (): Backend => {
  if (runtime.name !== 'deno')
    throw backendMissing('deno', `this is ${runtimeName} ${runtime.version}`, 'only Deno has Deno.dlopen')
  // Whether GetLastError survives its calls is not known.
  if (system === 'win32')
    throw backendMissing('deno', 'nobody has tried it on Windows', 'run "deno add npm:koffi"')
  const deno = (globalThis as unknown as { readonly Deno: DenoFfi }).Deno
  // Looked up before the first call: to do so after a call would change its errno.
  let errnoLocation: NativeFunction
  try {
    errnoLocation = libraryOf(deno, C_LIBRARY).func(ERRNO_LOCATION, 'void *', [])
  } catch (cause) {
    throw (cause as Error).name === 'NotCapable'
      ? backendMissing('deno', "Deno's permissions refuse it", 'deno run needs --allow-ffi', cause)
      : cause
  }
  const errno = (): number =>
    new deno.UnsafePointerView(deno.UnsafePointer.create(errnoLocation() as bigint)!).getInt32()
  errno()
  return {
    name: 'deno',
    version: runtime.version,
    load: (file) => libraryOf(deno, file ?? C_LIBRARY),
    errno,
    address: (view) => {
      // A small view may lie in V8's heap, where it can move, until its buffer has been asked for.
      void view.buffer
      return deno.UnsafePointer.value(deno.UnsafePointer.of(view))
    },
    view: (address, size) => deno.UnsafePointerView.getArrayBuffer(deno.UnsafePointer.create(address)!, size),
  }
}
