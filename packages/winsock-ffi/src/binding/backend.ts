/** What a foreign function interface has to offer, so that the tables can be bound by it. */

/** The types that functions take and return, by their names in C; `str` and `str16` are texts in UTF-8 and UTF-16. */
export type NativeArgument =
  | 'int32_t'
  | 'uint32_t'
  | 'size_t'
  | 'intptr_t'
  | 'unsigned long'
  | 'void *'
  | 'str'
  | 'str16'

export type NativeResult = 'void' | 'int32_t' | 'uint32_t' | 'intptr_t' | 'void *'

/**
 * A C function. It takes a number for an integer, a view, an address (bigint) or null for a pointer, a string or null for
 * a text; it returns a number for an integer, an address or null for a pointer.
 */
export type NativeFunction = (...args: unknown[]) => unknown

/** A shared library that is loaded. */
export interface NativeLibrary {
  /**
   * Looks a function up.
   *
   * @param variadic - The types behind its `...`.
   * @throws Error of the backend where the library has no such function.
   */
  func(
    name: string,
    result: NativeResult,
    args: readonly NativeArgument[],
    variadic?: readonly NativeArgument[],
  ): NativeFunction
  has(name: string): boolean
}

/** What the poll handle reports: a status of libuv, and what the descriptor is ready for. */
export type OnPoll = (status: number, events: { readable: boolean; writable: boolean }) => void

/** A poll handle of libuv: https://docs.libuv.org/en/v1.x/poll.html */
export interface PollHandle {
  start(options: { readable: boolean; writable: boolean }, onPoll: OnPoll): void
  stop(): void
  ref(): void
  unref(): void
  close(): void
}

export type BackendName = 'koffi' | 'node:ffi' | 'bun:ffi' | 'deno'

/** A foreign function interface: koffi, or what a runtime itself has. */
export interface Backend {
  readonly name: BackendName
  /** The version of koffi, or of the runtime. */
  readonly version: string
  /** Why koffi does not serve, where this backend was chosen instead. */
  readonly insteadOfKoffi?: string
  /**
   * Loads a shared library.
   *
   * @param file - null stands for the process itself, and for the C library in it.
   */
  load(file: string | null): NativeLibrary
  /** errno of the last call in this thread; asked for directly after it. */
  errno(): number
  /** The memory of a view as a pointer, which is good for as long as the view is kept. */
  address(view: ArrayBufferView): bigint
  /** Native memory as an ArrayBuffer, without a copy. */
  view(address: bigint, size: number): ArrayBuffer
  /**
   * Watches a descriptor in the event loop of this thread, from now on; absent where there is no libuv.
   *
   * @throws SocketError, or the Error of the backend, where libuv refuses the descriptor.
   */
  readonly poll?: (
    fd: number,
    options: { readable: boolean; writable: boolean },
    onPoll: OnPoll,
  ) => PollHandle
}
