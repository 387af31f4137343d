/** WinStream: connect, pair, read and write, message mode, credentials. */
import { sidOfProcess, sleep, type PeerCredentials, type SocketError } from '@uds/winsock-ffi'
import { integer } from '@uds/winsock-ffi/internal'
import { parseTimeout, type ShutdownHow, type WaitOptions } from '../options/arguments.ts'
import { connectUntil } from '../connecting/connect-until.ts'
import { ENDED_READ, ENDED_WRITE, READ, WRITE } from '../threads/cells.ts'
import { SharedState } from '../threads/state.ts'
import { claimToken, type TransferToken } from '../threads/token.ts'
import { BlockingStream } from '../blocking/stream.ts'
import { traced } from '../trace.ts'
import {
  readConnectOptions,
  requireSameUser,
  readVerifyServer,
  type ConnectOptions,
} from '../connecting/verify-server.ts'
import { closeHandle } from './win32/close-handle.ts'
import { isMessageMode, isServer, mayWrite, setTraits, type PipeTraits } from './win32/pipe-cells.ts'
import { openPipe, waitForInstance } from './win32/create.ts'
import { pipeError } from './win32/pipe-errors.ts'
import { flush } from './win32/flush.ts'
import { makePair } from './win32/pair.ts'
import { kernel32 } from '../libraries/win32.ts'
import { pipeTraitsOf } from './win32/raw-handle.ts'
import { available, peek, read } from './win32/read.ts'
import { wakers } from './win32/wakers.ts'
import { write, writeEnd } from './win32/write.ts'
import { addressOfPipe, checkedPipeName, WinPipeSocketAddr } from './address.ts'
import { requireWindows } from './require-windows.ts'

/** What was written stays readable for the peer, which then finds the end. DisconnectNamedPipe would discard it. */
const closePipe = (state: SharedState): void => {
  closeHandle(state.handle)
  state.dispose()
}

/** How long {@link WinStream.connect} tries, in ms. */
const CONNECT_MS = 1000

/**
 * A connected named pipe with calls that wait: winpipe's `WinStream`. On Windows; elsewhere every way to make one fails
 * with `ENOTSUP`.
 */
export class WinStream extends BlockingStream {
  declare readonly kind: 'WinStream'
  readonly #address: WinPipeSocketAddr
  #more = false

  /** Of no use outside this package: use `connect`, `pair`, `fromRawHandle`, `fromTransfer`. */
  constructor(state: SharedState, address: WinPipeSocketAddr) {
    super(state, 'WinStream', closePipe)
    this.#address = address
  }

  /** Makes a stream of a HANDLE. */
  static of(handle: number, address: WinPipeSocketAddr, traits: PipeTraits): WinStream {
    const state = SharedState.create(handle, wakers)
    setTraits(state, traits)
    return new WinStream(state, address)
  }

  /**
   * Connects to a pipe. While it is missing, or all its instances are taken, it tries again every 200 ms, for 1 s.
   *
   * @param name - `\\.\pipe\name`; `\\COMPUTER\pipe\name` for another computer.
   * @param options - `timeoutMs` instead of 1 s.
   * @throws SocketError `ECONNREFUSED` when the time is up, with the last error as its `cause`; `EACCES`; TypeError for a
   *   name that no pipe can have.
   */
  static connect(name: string, options?: ConnectOptions & WaitOptions): WinStream {
    return WinStream.connectAddr(WinPipeSocketAddr.fromPathname(name), options)
  }

  static connectAddr(address: WinPipeSocketAddr, options?: ConnectOptions & WaitOptions): WinStream {
    const { timeoutMs = CONNECT_MS, verify } = readConnectOptions(options)
    return WinStream.#connect(address, timeoutMs, verify)
  }

  /** As {@link connect}, for another time. @param ms - Milliseconds; with 0 it makes exactly one attempt. */
  static connectWithTimeout(name: string, ms: number, options?: ConnectOptions): WinStream {
    return WinStream.connectAddrWithTimeout(WinPipeSocketAddr.fromPathname(name), ms, options)
  }

  static connectAddrWithTimeout(address: WinPipeSocketAddr, ms: number, options?: ConnectOptions): WinStream {
    return WinStream.#connect(
      address,
      parseTimeout(ms, 'connectWithTimeout', 'the time'),
      readVerifyServer(options),
    )
  }

  static #connect(address: WinPipeSocketAddr, timeoutMs: number, verify: boolean): WinStream {
    const name = checkedPipeName(address, 'connect')
    requireWindows('connect')
    const nap = (ms: number, error: unknown): void => {
      // An instance that becomes free ends the wait early.
      const busy = (error as SocketError).code === 'EBUSY'
      if (!busy || !waitForInstance(name, ms)) sleep(busy ? 1 : ms)
    }
    const { handle, message, direction } = connectUntil(name, timeoutMs, () => openPipe(name), nap)
    const stream = WinStream.of(handle, address, { server: false, message, direction })
    if (verify) requireSameUser(stream, name)
    return stream
  }

  /** Two streams that are connected to each other, on a name that nobody can guess: the client's and the server's end. */
  static pair(): [WinStream, WinStream] {
    requireWindows('pair')
    const [client, server] = makePair()
    return [
      WinStream.of(client, WinPipeSocketAddr.unnamed, { server: false, message: false, direction: 'both' }),
      WinStream.of(server, WinPipeSocketAddr.unnamed, { server: true, message: false, direction: 'both' }),
    ]
  }

  /**
   * Takes charge of a connected pipe that something else opened with FILE_FLAG_OVERLAPPED. It is closed with the stream.
   * A pipe that is read in PIPE_READMODE_MESSAGE is one of messages.
   *
   * @throws SocketError `EBADF`; TypeError `ERR_INVALID_ARG_VALUE` for a handle of another kind, or one whose calls could
   *   have no timeout. The handle is the caller's then.
   */
  static fromRawHandle(handle: number): WinStream {
    integer('fromRawHandle', 'the handle', handle, 1, 2 ** 31 - 1)
    requireWindows('fromRawHandle')
    return WinStream.of(handle, WinPipeSocketAddr.unnamed, pipeTraitsOf(handle))
  }

  /** Makes a stream of a token in the thread that received it. */
  static fromTransfer(token: TransferToken): WinStream {
    const { memory, details } = claimToken(token, 'WinStream')
    const name = details['name']
    const address = typeof name === 'string' ? addressOfPipe(name) : WinPipeSocketAddr.unnamed
    return new WinStream(new SharedState(memory, wakers), address)
  }

  /** True when the pipe carries messages: then each write is one, and a read never goes beyond one. */
  get messageMode(): boolean {
    return isMessageMode(this.opened('messageMode'))
  }

  override tryClone(): WinStream {
    return new WinStream(this.retained('tryClone'), this.#address)
  }

  /** The name of the pipe, at both ends; unnamed for a pair. */
  override localAddr(): WinPipeSocketAddr {
    this.opened('localAddr')
    return this.#address
  }

  /** As {@link localAddr}. */
  override peerAddr(): WinPipeSocketAddr {
    this.opened('peerAddr')
    return this.#address
  }

  override peerCredentials(): PeerCredentials {
    const state = this.opened('peerCredentials')
    const syscall = isServer(state) ? 'GetNamedPipeClientProcessId' : 'GetNamedPipeServerProcessId'
    const number = new Uint32Array(1)
    const result = traced(syscall, state.handle, () => kernel32[syscall].attempt(state.handle, number))
    if (result < 0) throw pipeError(-result, syscall)
    const pid = number[0]!
    let sid: string | undefined
    try {
      sid = sidOfProcess(pid)
    } catch {
      // It has ended, or this user may not ask about it: then nobody vouches for it.
    }
    return { pid, uid: undefined, gid: undefined, sid }
  }

  /** Nothing waits on a pipe: null. */
  override takeError(): null {
    this.opened('takeError')
    return null
  }

  override available(): number {
    return available(this.opened('available'))
  }

  protected override readSome(state: SharedState, buffer: Uint8Array, timeoutMs: number | undefined): number {
    const { bytes, more } = read(state, buffer, timeoutMs)
    this.#more = more
    return bytes
  }

  protected override get endsHere(): boolean {
    return !this.#more && this.messageMode
  }

  protected override peekSome(state: SharedState, buffer: Uint8Array, timeoutMs: number | undefined): number {
    return peek(state, buffer, timeoutMs)
  }

  protected override writeWhole(state: SharedState, data: Uint8Array, timeoutMs: number | undefined): number {
    return write(state, data, timeoutMs)
  }

  protected override gather(
    state: SharedState,
    parts: readonly Uint8Array[],
    timeoutMs: number | undefined,
  ): number {
    return write(state, parts.length === 1 ? parts[0]! : Buffer.concat(parts), timeoutMs)
  }

  protected override flushWhole(state: SharedState, timeoutMs: number | undefined): void {
    flush(state, timeoutMs)
  }

  protected override end(state: SharedState, how: ShutdownHow): void {
    const tell = how !== 'read' && isMessageMode(state) && mayWrite(state) && !state.has(ENDED_WRITE)
    if (how !== 'write') state.add(ENDED_READ)
    if (tell) writeEnd(state)
    if (how !== 'read') state.add(ENDED_WRITE)
    state.changed(READ)
    state.changed(WRITE)
  }

  protected override details(): Readonly<Record<string, unknown>> {
    return { name: this.#address.asPathname() }
  }
}
