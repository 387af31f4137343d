/** The poll handle of libuv, which the program of Node exports, by node:ffi: https://docs.libuv.org/en/v1.x/poll.html */
import { SocketError } from '../errors/socket-error.ts'
import { system } from '../system.ts'
import type { Backend, NativeFunction, OnPoll, PollHandle } from './backend.ts'

/** What is used of node:ffi here. */
interface Ffi {
  getRawPointer(view: ArrayBufferView): bigint
  getCurrentEventLoop(): bigint
}

interface Self {
  getFunction(name: string, signature: { return: string; arguments: readonly string[] }): NativeFunction
  registerCallback(
    signature: { return: string; arguments: readonly string[] },
    callback: (...args: never[]) => void,
  ): bigint
}

// <uv.h>
const UV_POLL = 8
const UV_READABLE = 1
const UV_WRITABLE = 2

type Options = Parameters<PollHandle['start']>[0]

/** The functions of libuv, looked up once. */
const bind = (
  self: Self,
): Record<'size' | 'init' | 'start' | 'stop' | 'ref' | 'unref' | 'close', NativeFunction> => {
  const of = (name: string, result: string, ...args: string[]): NativeFunction =>
    self.getFunction(name, { return: result, arguments: args })
  return {
    size: of('uv_handle_size', 'uint64', 'int32'),
    init:
      system === 'win32'
        ? of('uv_poll_init_socket', 'int32', 'pointer', 'pointer', 'uint64')
        : of('uv_poll_init', 'int32', 'pointer', 'pointer', 'int32'),
    start: of('uv_poll_start', 'int32', 'pointer', 'int32', 'pointer'),
    stop: of('uv_poll_stop', 'int32', 'pointer'),
    ref: of('uv_ref', 'void', 'pointer'),
    unref: of('uv_unref', 'void', 'pointer'),
    close: of('uv_close', 'void', 'pointer', 'pointer'),
  }
}

const check = (status: unknown, syscall: string): void => {
  if ((status as number) >= 0) return
  const { getSystemErrorName } = process.getBuiltinModule('node:util')
  throw new SocketError({ code: getSystemErrorName(status as number), syscall })
}

/** Poll handles of this thread. */
export const nodePoll = (ffi: Ffi, self: Self): NonNullable<Backend['poll']> => {
  let uv: ReturnType<typeof bind> | undefined
  let callback: bigint | undefined
  /** What each handle reports to, by its address. */
  const open = new Map<bigint, OnPoll>()
  /** Memory of handles, which libuv owns until it has closed them. */
  const memory = new Set<Uint8Array>()

  const onPoll = (address: bigint, status: number, events: number): void =>
    open.get(address)?.(status, {
      readable: (events & UV_READABLE) !== 0,
      writable: (events & UV_WRITABLE) !== 0,
    })

  /** Node runs the loop once more while it takes the engine down; nothing may call into it then. */
  const stopAll = (): void => {
    for (const address of open.keys()) uv!.stop(address)
  }

  const prepare = (): NonNullable<typeof uv> => {
    if (uv) return uv
    uv = bind(self)
    callback = self.registerCallback({ return: 'void', arguments: ['pointer', 'int32', 'int32'] }, onPoll)
    process.on('exit', stopAll)
    return uv
  }

  return (fd, options, report) => {
    const calls = prepare()
    const bytes = new Uint8Array(Number(calls.size(UV_POLL)))
    // Its buffer is asked for, so that it lies outside of V8's heap and stays where it is.
    void bytes.buffer
    const address = ffi.getRawPointer(bytes)
    check(
      calls.init(ffi.getCurrentEventLoop(), address, system === 'win32' ? BigInt(fd) : fd),
      'uv_poll_init',
    )
    memory.add(bytes)
    const start = ({ readable, writable }: Options, onEvents: OnPoll): void => {
      open.set(address, onEvents)
      const events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0)
      check(calls.start(address, events, callback), 'uv_poll_start')
    }
    const close = (): void => {
      if (!open.delete(address)) return
      calls.close(address, null)
      // libuv is done with it at the end of this turn of the loop, which is past at the second immediate.
      setImmediate(() => setImmediate(() => memory.delete(bytes)))
    }
    start(options, report)
    return {
      start,
      stop: () => void calls.stop(address),
      ref: () => void calls.ref(address),
      unref: () => void calls.unref(address),
      close,
    }
  }
}
