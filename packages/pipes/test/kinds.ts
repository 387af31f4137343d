/** The kinds of streams that keep the same promises, each with its way to a fresh address. */
import { capabilities } from '@uds/winsock-ffi'
import { freshName, socketPath } from '@uds/testkit'
import {
  LocalListener,
  LocalStream,
  UnixListener,
  UnixStream,
  WinListener,
  WinStream,
  type BlockingStream,
} from '../src/index.ts'
import { onWindows } from '../src/system.ts'
import { socketSystem } from '../src/unix-socket/system/select.ts'

export interface Kind {
  readonly name: string
  /** False where the system has no such streams. */
  readonly here: boolean
  /** flush can wait for the peer. */
  readonly flushes: boolean
  /** The system tells who is at the other end. */
  readonly credentials: boolean
  readonly Listener: typeof LocalListener | typeof UnixListener | typeof WinListener
  readonly Stream: typeof LocalStream | typeof UnixStream | typeof WinStream
  pair(): [BlockingStream, BlockingStream]
  fresh(): string
  bind(address: string): LocalListener
  connect(address: string): LocalStream
  connectWithTimeout(address: string, ms: number): LocalStream
}

const freshPipe = (): string => `\\\\.\\pipe\\${freshName()}`

export const unix: Kind = {
  name: 'UnixStream',
  here: capabilities().afUnix,
  flushes: socketSystem.tellsUnread,
  credentials: capabilities().credentials,
  Listener: UnixListener,
  Stream: UnixStream,
  pair: () => UnixStream.pair(),
  fresh: () => socketPath(),
  bind: (address) => UnixListener.bind(address),
  connect: (address) => UnixStream.connect(address),
  connectWithTimeout: (address, ms) => UnixStream.connectWithTimeout(address, ms),
}

export const win: Kind = {
  name: 'WinStream',
  here: onWindows,
  flushes: true,
  credentials: true,
  Listener: WinListener,
  Stream: WinStream,
  pair: () => WinStream.pair(),
  fresh: freshPipe,
  bind: (address) => WinListener.bind(address),
  connect: (address) => WinStream.connect(address),
  connectWithTimeout: (address, ms) => WinStream.connectWithTimeout(address, ms),
}

export const local: Kind = {
  name: 'LocalStream',
  here: true,
  flushes: onWindows || socketSystem.tellsUnread,
  credentials: onWindows || capabilities().credentials,
  Listener: LocalListener,
  Stream: LocalStream,
  pair: () => LocalStream.pair(),
  fresh: () => (onWindows ? freshPipe() : socketPath()),
  bind: (address) => LocalListener.bind(address),
  connect: (address) => LocalStream.connect(address),
  connectWithTimeout: (address, ms) => LocalStream.connectWithTimeout(address, ms),
}

/** The kinds of this system, once each. */
export const kindsHere: readonly Kind[] = [unix, win].filter((kind) => kind.here)
