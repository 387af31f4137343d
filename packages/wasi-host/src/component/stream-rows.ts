/** `wasi:io/streams` and `wasi:io/error` of 0.2. */
import { failureOf } from '../outcome/failure.ts'
import { after, rescued, SyncPromise, type Outcome } from '../outcome/sync-promise.ts'
import { singleIovec, type Iovec } from '../memory/guest-memory.ts'
import { borrow } from './canonical/handle.ts'
import { string } from './canonical/text.ts'
import { iovecOf } from './channel.ts'
import { isEnd } from './error-code.ts'
import { dropRow, MOST_AT_ONCE, type ComponentHost, type ComponentRow, type ComponentRows } from './host.ts'
import { row } from './row.ts'
import { closed, InputStream, IoError, OutputStream } from './streams.ts'
import { trap } from './trap.ts'

/** Writes a `result<T, stream-error>`: the payload and the error begin at the same place. */
const streamResult = <T>(
  host: ComponentHost,
  at: number,
  payload: number,
  action: () => Outcome<T>,
  write: (value: T, at: number) => void,
): Outcome<void> => {
  const { memory } = host.guest
  memory.check(at, payload + 8)
  const failed = (thrown: unknown): void => {
    if (isEnd(thrown)) throw thrown
    memory.setU8(at, 1)
    memory.setU8(at + payload, thrown === closed ? 1 : 0)
    if (thrown !== closed) memory.setU32(at + payload + 4, host.handles.add(new IoError(failureOf(thrown))))
  }
  const succeeded = (value: T): void => {
    write(value, at + payload)
    memory.setU8(at, 0)
  }
  let outcome: Outcome<T>
  try {
    outcome = action()
  } catch (error) {
    return failed(error)
  }
  return outcome instanceof SyncPromise ? outcome.follow(succeeded, failed) : after(outcome, succeeded)
}

const wanted = (length: number): number => {
  const bytes = BigInt.asUintN(64, BigInt(length))
  return bytes > BigInt(MOST_AT_ONCE) ? MOST_AT_ONCE : Number(bytes)
}

const readRow = (waits: boolean): ComponentRow => ({
  parameters: 'iIi',
  waits: true,
  call: (host, self, length, at) => {
    const stream = host.handles.get(InputStream, self)
    return streamResult(
      host,
      at,
      4,
      () => stream.readList(host, wanted(length), waits),
      ({ pointer, length: got }, place) => {
        host.guest.memory.setU32(place, pointer)
        host.guest.memory.setU32(place + 4, got)
      },
    )
  },
})

const skipRow = (waits: boolean): ComponentRow => ({
  parameters: 'iIi',
  waits: true,
  call: (host, self, length, at) => {
    const stream = host.handles.get(InputStream, self)
    return streamResult(
      host,
      at,
      8,
      () => after(stream.read(host, wanted(length), waits), (bytes) => BigInt(bytes.length)),
      (bytes, place) => host.guest.memory.setU64(place, bytes),
    )
  },
})

const writeRow = (
  most: number,
  write: (host: ComponentHost, to: OutputStream, from: Iovec) => Outcome<void>,
): ComponentRow => ({
  parameters: 'iiii',
  waits: true,
  call: (host, self, pointer, length, at) => {
    const stream = host.handles.get(OutputStream, self)
    if (length >>> 0 > most) return trap(`a write of ${length >>> 0} bytes: ${most} at most`)
    const from = singleIovec(host.guest.memory, pointer, length)
    return streamResult(
      host,
      at,
      4,
      () => write(host, stream, from),
      () => {},
    )
  },
})

const zeroesRow = (
  most: number,
  write: (host: ComponentHost, to: OutputStream, from: Iovec) => Outcome<void>,
): ComponentRow => ({
  parameters: 'iIi',
  waits: true,
  call: (host, self, length, at) => {
    const stream = host.handles.get(OutputStream, self)
    const bytes = BigInt.asUintN(64, BigInt(length))
    if (bytes > BigInt(most)) return trap(`a write of ${bytes} bytes: ${most} at most`)
    return streamResult(
      host,
      at,
      4,
      () => write(host, stream, iovecOf(new Uint8Array(Number(bytes)))),
      () => {},
    )
  },
})

const flushRow = (waits: boolean): ComponentRow => ({
  parameters: 'ii',
  waits: true,
  call: (host, self, at) => {
    const stream = host.handles.get(OutputStream, self)
    const action = (): Outcome<unknown> => (waits ? stream.flush(host) : stream.checkWrite(host))
    return streamResult(host, at, 4, action, () => {})
  },
})

const spliceRow = (waits: boolean): ComponentRow => ({
  parameters: 'iiIi',
  waits: true,
  call: (host, self, source, length, at) => {
    const to = host.handles.get(OutputStream, self)
    const from = host.handles.get(InputStream, source)
    const action = (): Outcome<bigint> =>
      after(waits ? to.flush(host) : undefined, () =>
        after(to.checkWrite(host), (space) => {
          const most = Math.min(wanted(length), Number(space))
          return after(from.read(host, most, waits), (bytes) =>
            after(waits ? to.writeAndFlush(host, iovecOf(bytes)) : to.write(host, iovecOf(bytes)), () =>
              BigInt(bytes.length),
            ),
          )
        }),
      )
    return streamResult(host, at, 8, action, (bytes, place) => host.guest.memory.setU64(place, bytes))
  },
})

const subscribeRow = (type: typeof InputStream | typeof OutputStream): ComponentRow => ({
  parameters: 'i',
  result: 'i',
  call: (host, self) => {
    const stream: InputStream | OutputStream = host.handles.get<InputStream | OutputStream>(type, self)
    return host.handles.add(stream.pollable())
  },
})

/** blocking-write-and-flush and its like take so much: streams.wit. */
const MOST_FLUSHED = 4096

const write = (host: ComponentHost, to: OutputStream, from: Iovec): Outcome<void> => to.write(host, from)
const writeAndFlush = (host: ComponentHost, to: OutputStream, from: Iovec): Outcome<void> =>
  to.writeAndFlush(host, from)

export const streamRows: ComponentRows = {
  '[method]input-stream.read': readRow(false),
  '[method]input-stream.blocking-read': readRow(true),
  '[method]input-stream.skip': skipRow(false),
  '[method]input-stream.blocking-skip': skipRow(true),
  '[method]input-stream.subscribe': subscribeRow(InputStream),
  '[resource-drop]input-stream': {
    parameters: 'i',
    waits: true,
    call: (host, self) => host.handles.remove(InputStream, self).onDrop(),
  },
  '[method]output-stream.check-write': {
    parameters: 'ii',
    waits: true,
    call: (host, self, at) => {
      const stream = host.handles.get(OutputStream, self)
      return streamResult(
        host,
        at,
        8,
        () => stream.checkWrite(host),
        (space, place) => host.guest.memory.setU64(place, space),
      )
    },
  },
  '[method]output-stream.write': writeRow(MOST_AT_ONCE, write),
  '[method]output-stream.blocking-write-and-flush': writeRow(MOST_FLUSHED, writeAndFlush),
  '[method]output-stream.write-zeroes': zeroesRow(MOST_AT_ONCE, write),
  '[method]output-stream.blocking-write-zeroes-and-flush': zeroesRow(MOST_FLUSHED, writeAndFlush),
  '[method]output-stream.flush': flushRow(false),
  '[method]output-stream.blocking-flush': flushRow(true),
  '[method]output-stream.splice': spliceRow(false),
  '[method]output-stream.blocking-splice': spliceRow(true),
  '[method]output-stream.subscribe': subscribeRow(OutputStream),
  '[resource-drop]output-stream': {
    parameters: 'i',
    waits: true,
    call: (host, self) => {
      const stream = host.handles.remove(OutputStream, self)
      if (!stream.unsent) return stream.onDrop()
      // What a write took goes out, whatever becomes of the stream.
      return after(
        rescued(
          () => stream.flush(host),
          (error) => {
            if (isEnd(error)) throw error
          },
        ),
        () => stream.onDrop(),
      )
    },
  },
}

export const errorRows: ComponentRows = {
  '[method]error.to-debug-string': row(
    [borrow(IoError)],
    string,
    (_host, { failure: { code, detail } }) => `${code}: ${detail}`,
  ),
  '[resource-drop]error': dropRow(IoError),
}
