/** What the embedder calls a guest by. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ModuleExport } from '../module/binary.ts'
import { notSupported } from '../outcome/errors.ts'
import type { WasmInstance, WasmValue } from '../module/engine.ts'

/** A guest whose exports are called one by one. */
export interface GuestHandle {
  /** The functions that can be called. */
  readonly exports: readonly string[]
  /**
   * Calls an export. A call that is made while another is under way waits for its end.
   *
   * @returns Its result; undefined if it has none.
   * @throws TypeError `ERR_WASI_LINK` when there is no such export; the RuntimeError of a trap; {@link GuestExit} when the
   *   guest has called `proc_exit`.
   */
  call(name: string, ...args: WasmValue[]): Promise<WasmValue | undefined>
  /**
   * Calls an export and returns its result at once: only with `wait: 'blocking'` and `thread: 'caller'`.
   *
   * @throws As {@link call}; Error `ENOTSUP` in any other way of waiting.
   */
  callSync(name: string, ...args: WasmValue[]): WasmValue | undefined
  /**
   * The instance, for glue that needs its exports, its memory and its table themselves. Undefined when the guest runs in
   * another thread. Under `jspi` an export that waits may only be called by {@link call}.
   */
  readonly instance: WasmInstance | undefined
  /** Copies bytes out of the memory of the guest. */
  read(pointer: number, length: number): Promise<Uint8Array>
  /** Copies bytes into it. */
  write(pointer: number, bytes: Uint8Array): Promise<void>
  /** Copies text into memory that the guest's own `malloc` allocates, with a NUL behind it. Returns the pointer. */
  string(text: string): Promise<number>
  /** Closes its sockets and ends it. Closing twice is no error. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A run that has begun. */
export interface Run {
  readonly guest: GuestHandle
  /** Runs `_start` to its end. */
  start(): Promise<number>
  /** Lets it answer a request, and ends when the response has gone out. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}

/** What each way of waiting does in its own way. */
export interface GuestActions {
  call(name: string, args: readonly WasmValue[]): Promise<WasmValue | undefined>
  read(pointer: number, length: number): Promise<Uint8Array>
  write(pointer: number, bytes: Uint8Array): Promise<void>
  close(): Promise<void>
  /** Only where the guest runs in this thread. */
  readonly instance?: WasmInstance
  /** Only where its calls block this thread. */
  readonly callSync?: (name: string, args: readonly WasmValue[]) => WasmValue | undefined
}

const encoder = new TextEncoder()

export const guestHandle = (exports: readonly ModuleExport[], actions: GuestActions): GuestHandle => {
  const { read, write, close } = actions
  const call: GuestHandle['call'] = (name, ...args) => actions.call(name, args)
  return {
    exports: exports.filter(({ kind }) => kind === 'function').map(({ name }) => name),
    call,
    callSync: (name, ...args) => {
      if (actions.callSync) return actions.callSync(name, args)
      throw notSupported(
        'callSync needs wait: "blocking" with thread: "caller"; call() works in every way of waiting',
      )
    },
    instance: actions.instance,
    read,
    write,
    string: async (text) => {
      const bytes = encoder.encode(`${text}\0`)
      const pointer = Number(await call('malloc', bytes.length))
      if (pointer === 0) throw Object.assign(new Error('the guest has no memory left'), { code: 'ENOMEM' })
      await write(pointer, bytes)
      return pointer
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
