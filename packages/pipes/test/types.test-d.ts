/** What the types promise; compiled by `tsc -b`. */
import { expectTypeOf } from 'vitest'
import {
  LocalStream,
  UnixStream,
  WinListener,
  type BlockingStream,
  type LocalListener,
  type SocketAddr,
  type UnixListener,
  type WinStream,
} from '../src/index.ts'

// Each listener gives its own kind of stream.
expectTypeOf<ReturnType<UnixListener['accept']>>().toEqualTypeOf<UnixStream>()
expectTypeOf<ReturnType<WinListener['accept']>>().toEqualTypeOf<WinStream>()
expectTypeOf<ReturnType<LocalListener['accept']>>().toEqualTypeOf<UnixStream | WinStream>()
expectTypeOf(LocalStream.pair).returns.toEqualTypeOf<[LocalStream, LocalStream]>()
expectTypeOf<LocalStream>().toExtend<BlockingStream>()
expectTypeOf<ReturnType<LocalStream['peerAddr']>>().toExtend<SocketAddr>()
expectTypeOf<BlockingStream>().toExtend<Disposable & Iterable<Buffer>>()
expectTypeOf(UnixStream.connect).parameter(0).toEqualTypeOf<string | Uint8Array>()
expectTypeOf(WinListener.bind).parameter(0).toEqualTypeOf<string>()

const stream = null as unknown as LocalStream
// @ts-expect-error: a direction has a name
export const wrongDirection = (): void => stream.shutdown('reading')
// @ts-expect-error: a timeout is a number or null, as undefined would say nothing
export const noTimeout = (): void => stream.setReadTimeout(undefined)
// @ts-expect-error: text has no bytes before it has an encoding
export const text = (): number => stream.write('text')
