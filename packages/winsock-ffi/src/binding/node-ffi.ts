/** The backend node:ffi, of Node 26.1 and later: https://nodejs.org/api/ffi.html */
import { runtime, runtimeName } from '../runtime/runtime.ts'
import { system } from '../system.ts'
import { backendMissing } from './backend-missing.ts'
import type { Backend, NativeFunction, NativeLibrary } from './backend.ts'
import { ERRNO_LOCATION } from './c-library.ts'
import { converted, type Conversions } from './converted.ts'
import { nodePoll } from './node-poll.ts'
import { asUtf16, asUtf8 } from './texts.ts'
import { fixedSignature } from './variadic.ts'

type NodeType = 'void' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'pointer'

interface Signature {
  readonly return: NodeType
  readonly arguments: readonly NodeType[]
}

interface DynamicLibrary {
  getFunction(name: string, signature: Signature): NativeFunction
  getSymbol(name: string): bigint
  /** A function of C that calls a function of JavaScript, in this thread. */
  registerCallback(signature: Signature, callback: (...args: never[]) => void): bigint
}

/** The part of node:ffi that is used here. */
export interface NodeFfi {
  readonly DynamicLibrary: new (file: string | null) => DynamicLibrary
  getInt32(address: bigint): number
  getRawPointer(view: ArrayBufferView): bigint
  toArrayBuffer(address: bigint, size: number, copy: boolean): ArrayBuffer
  /** The uv_loop_t of this thread. */
  getCurrentEventLoop(): bigint
}

const LONG = system === 'win32' ? 'uint32' : 'uint64'

const TYPES = {
  void: 'void',
  int32_t: 'int32',
  uint32_t: 'uint32',
  size_t: 'uint64',
  intptr_t: 'int64',
  'unsigned long': LONG,
  'void *': 'pointer',
  str: 'pointer',
  str16: 'pointer',
} as const

// Node 26.9 takes nothing but a bigint for 64 bits; 26.12 takes numbers as well.
const asBigInt = (value: unknown): bigint => BigInt(value as number)

const conversions: Conversions = {
  args: {
    size_t: asBigInt,
    intptr_t: asBigInt,
    ...(LONG === 'uint64' && { 'unsigned long': asBigInt }),
    str: asUtf8,
    str16: asUtf16,
  },
  results: { intptr_t: Number, 'void *': (address) => (address === 0n ? null : address) },
}

const onAppleArm64 = system === 'darwin' && process.arch === 'arm64'

/** One shared library. A DynamicLibrary knows one signature for each name: another signature takes another one. */
const libraryOf = ({ DynamicLibrary }: NodeFfi, file: string | null): NativeLibrary => {
  const opened: { readonly library: DynamicLibrary; readonly names: Set<string> }[] = []
  const openFor = (name: string): DynamicLibrary => {
    let free = opened.find(({ names }) => !names.has(name))
    if (free === undefined) opened.push((free = { library: new DynamicLibrary(file), names: new Set() }))
    free.names.add(name)
    return free.library
  }
  opened.push({ library: new DynamicLibrary(file), names: new Set() })
  return {
    func: (name, result, args, variadic) => {
      const fixed = variadic ? fixedSignature(args, variadic, onAppleArm64) : undefined
      const types = fixed?.args ?? args
      const native = openFor(name).getFunction(name, {
        return: TYPES[result],
        arguments: types.map((type) => TYPES[type]),
      })
      const call = converted(native, conversions, result, types)
      return fixed ? fixed.wrap(call) : call
    },
    has: (name) => {
      try {
        opened[0]!.library.getSymbol(name)
        return true
      } catch {
        return false
      }
    },
  }
}

const loadNodeFfi = (): NodeFfi => {
  const [major = 0, minor = 0] = runtime.version.split('.').map(Number)
  if (runtime.name !== 'node' || major < 26 || (major === 26 && minor < 1))
    throw backendMissing(
      'node:ffi',
      `this is ${runtimeName} ${runtime.version}`,
      'Node 26.1 and later have node:ffi',
    )
  const ffi = process.getBuiltinModule('node:ffi') as unknown as NodeFfi | undefined
  if (ffi === undefined)
    throw backendMissing('node:ffi', 'Node was told to have none', 'leave out --no-experimental-ffi')
  return ffi
}

/** Looked up before the first call: to do so after a call would change its errno. */
const errnoOf = (ffi: NodeFfi, self: DynamicLibrary): (() => number) => {
  // Windows has no errno of system calls: there GetLastError is asked.
  if (system === 'win32') return Number
  const location = self.getFunction(ERRNO_LOCATION, { return: 'pointer', arguments: [] })
  const errno = (): number => ffi.getInt32(location() as bigint)
  errno()
  return errno
}

/** The process itself, which Windows knows by the file of its program. */
const SELF = system === 'win32' ? process.execPath : null

const openSelf = ({ DynamicLibrary }: NodeFfi): DynamicLibrary => {
  try {
    return new DynamicLibrary(SELF)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw cause
    throw backendMissing(
      'node:ffi',
      "Node's permission model refuses it",
      'under --permission, give node --allow-ffi as well',
      cause,
    )
  }
}

/**
 * node:ffi, which prints one ExperimentalWarning.
 *
 * @throws SocketError `ENOTSUP` in another runtime, in an older Node, and where the permission model refuses it.
 */
export const nodeBackend = (): Backend => {
  const ffi = loadNodeFfi()
  const self = openSelf(ffi)
  return {
    name: 'node:ffi',
    version: runtime.version,
    load: (file) => libraryOf(ffi, file ?? SELF),
    errno: errnoOf(ffi, self),
    address: (view) => {
      // A small view may lie in V8's heap, where it can move, until its buffer has been asked for.
      void view.buffer
      return ffi.getRawPointer(view)
    },
    view: (address, size) => ffi.toArrayBuffer(address, size, false),
    poll: nodePoll(ffi, self),
  }
}
