/** The bodies of `wasi:http/types`: those that come with their trailers, and those that the component writes. */
import type { HeaderList, HttpAnswer, HttpCalls } from '../../http/http-calls.ts'
import { Failure } from '../../outcome/failure.ts'
import { after, rescued, type Outcome } from '../../outcome/sync-promise.ts'
import { isReady } from '../../sockets/readiness.ts'
import { borrow, own } from '../canonical/handle.ts'
import { option, result } from '../canonical/named.ts'
import { iovecOf, socketChannel } from '../channel.ts'
import { isEnd } from '../error-code.ts'
import { type ComponentHost, type ComponentRow, type ComponentRows } from '../host.ts'
import { Pollable } from '../pollable.ts'
import { fallibleRow, row, type Fallible } from '../row.ts'
import { InputStream, OutputStream } from '../streams.ts'
import { Fields } from './fields.ts'
import { errorCode, errorOf } from './types.ts'

/** The calls of HTTP; a component that imports `wasi:http` is not started without them. */
export const httpOf = ({ guest }: ComponentHost): HttpCalls => {
  if (guest.http) return guest.http
  throw new Failure('ENOTSUP', 'this way of waiting serves no wasi:http')
}

/** Does what may have been done already, by the end of the guest. */
const quietly = (action: () => Outcome<void>): Outcome<void> =>
  rescued<void>(action, (thrown) => {
    if (isEnd(thrown)) throw thrown
  })

export const close = ({ guest }: ComponentHost, id: number): Outcome<void> =>
  quietly(() => guest.sockets.close(id))

/** Something that is said once, by a stream: the head of a response, trailers. */
export class Awaited<T> {
  readonly id: number

  constructor(id: number) {
    this.id = id
  }

  pollable(): Pollable {
    const channel = socketChannel(this.id)
    return new Pollable(() => ({ kind: 'channel', channel, interest: { read: true, write: false } }))
  }

  /** What was said; undefined when it has not begun yet. */
  get(host: ComponentHost): Outcome<HttpAnswer<T> | undefined> {
    const { sockets } = host.guest
    return after(sockets.poll([{ id: this.id, read: true, write: false }], 0), ([answer]) =>
      isReady(answer!) ? this.whole(host) : undefined,
    )
  }

  /**
   * Waits until all of it has been said.
   *
   * @param into - Where parts of it are read to; of its own where others wait at the same time.
   */
  whole(
    host: ComponentHost,
    into: Uint8Array = host.scratch,
    before: readonly Uint8Array[] = [],
  ): Outcome<HttpAnswer<T>> {
    return after(host.guest.sockets.receive(this.id, iovecOf(into), 0), (bytes) => {
      if (bytes > 0) return this.whole(host, into, [...before, into.slice(0, bytes)])
      return JSON.parse(Buffer.concat(before).toString()) as HttpAnswer<T>
    })
  }
}

export class IncomingBody {
  readonly body: number
  readonly trailers: number
  streamed = false

  constructor(body: number, trailers: number) {
    this.body = body
    this.trailers = trailers
  }
}

export class FutureTrailers {
  readonly awaited: Awaited<HeaderList>
  got = false

  constructor(id: number) {
    this.awaited = new Awaited(id)
  }
}

export class OutgoingBody {
  readonly id: number
  written = false
  finished = false

  constructor(id: number) {
    this.id = id
  }
}

const self = borrow(IncomingBody)
const future = borrow(FutureTrailers)

/** A function whose failures are the error code. */
export const fallible: Fallible<ComponentRow> = fallibleRow(errorCode, errorOf)

export const bodyRows: ComponentRows = {
  '[method]incoming-body.stream': row([self], result(own(InputStream)), (_host, body) => {
    if (body.streamed) return { error: undefined }
    body.streamed = true
    return { ok: new InputStream(socketChannel(body.body)) }
  }),
  '[static]incoming-body.finish': row(
    [own(IncomingBody)],
    own(FutureTrailers),
    (host, body) => after(close(host, body.body), () => new FutureTrailers(body.trailers)),
    { waits: true },
  ),
  '[resource-drop]incoming-body': row(
    [own(IncomingBody)],
    undefined,
    (host, body) => after(close(host, body.body), () => close(host, body.trailers)),
    { waits: true },
  ),
  '[method]future-trailers.subscribe': row([future], own(Pollable), (_host, { awaited }) =>
    awaited.pollable(),
  ),
  // The outer error says that it was got before.
  '[method]future-trailers.get': row(
    [future],
    option(result(result(option(own(Fields)), errorCode))),
    (host, trailers) => {
      if (trailers.got) return { error: undefined }
      return after(trailers.awaited.get(host), (answer) => {
        if (!answer) return undefined
        trailers.got = true
        if ('error' in answer) return { ok: { error: errorOf(answer.error) } }
        return { ok: { ok: answer.value.length === 0 ? undefined : Fields.of(answer.value) } }
      })
    },
    { waits: true },
  ),
  '[resource-drop]future-trailers': row(
    [own(FutureTrailers)],
    undefined,
    (host, { awaited }) => close(host, awaited.id),
    { waits: true },
  ),
  '[method]outgoing-body.write': row([borrow(OutgoingBody)], result(own(OutputStream)), (_host, body) => {
    if (body.written) return { error: undefined }
    body.written = true
    return { ok: new OutputStream(socketChannel(body.id)) }
  }),
  '[static]outgoing-body.finish': fallible(
    [own(OutgoingBody), option(own(Fields))],
    undefined,
    (host, { id }, trailers) => httpOf(host).httpFinish(id, trailers?.list()),
    { waits: true },
  ),
  '[resource-drop]outgoing-body': row(
    [own(OutgoingBody)],
    undefined,
    (host, { id }) => quietly(() => httpOf(host).httpAbort(id)),
    { waits: true },
  ),
}
