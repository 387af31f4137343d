/** The backend koffi: https://koffi.dev */
import { takingViews } from '../runtime/bytes-for-native.ts'
import { runtime } from '../runtime/runtime.ts'
import type { Backend, NativeFunction, NativeLibrary, OnPoll, PollHandle } from './backend.ts'
import { loadKoffi, type Koffi, type KoffiLibrary } from './koffi.ts'

/** koffi takes each variadic value behind its type. */
const withTypes =
  (native: NativeFunction, fixed: number, variadic: readonly string[]): NativeFunction =>
  (...args) =>
    native(...args.slice(0, fixed), ...variadic.flatMap((type, index) => [type, args[fixed + index]]))

const libraryOf = (library: KoffiLibrary): NativeLibrary => ({
  func: (name, result, args, variadic) => {
    const native = variadic
      ? withTypes(library.func(name, result, [...args, '...']), args.length, variadic)
      : library.func(name, result, [...args])
    return [...args, ...(variadic ?? [])].includes('void *') ? takingViews(native) : native
  },
  has: (name) => {
    try {
      library.symbol(name)
      return true
    } catch {
      return false
    }
  },
})

/** koffi has it since 2.15, and without a promise to stay. Bun 1.4 ends the process at `uv_poll_init`, which it does not have. */
const pollOf = ({ node }: Koffi): Pick<Backend, 'poll'> => {
  if (runtime.name === 'bun' || typeof node?.poll !== 'function') return {}
  const api = node as { poll(fd: number, options: object, onPoll: OnPoll): PollHandle }
  return { poll: (fd, options, onPoll) => api.poll(fd, options, onPoll) }
}

/** @throws SocketError as {@link loadKoffi}. */
export const koffiBackend = (): Backend => {
  const koffi = loadKoffi()
  const address = takingViews((view) => koffi.address(view as ArrayBufferView))
  return {
    name: 'koffi',
    version: koffi.version,
    load: (file) => libraryOf(koffi.load(file)),
    // koffi keeps the errno of each thread's last call (https://koffi.dev/functions).
    errno: () => koffi.errno(),
    address: (view) => address(view),
    view: (at, size) => koffi.view(at, size),
    ...pollOf(koffi),
  }
}
