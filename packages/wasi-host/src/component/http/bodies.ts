/** The bodies of `wasi:http/types`: those that come with their trailers, and those that the component writes. */
import type { HeaderList, HttpAnswer, HttpCalls } from '../../http/http-calls.ts'
import { Failure, failureOf } from '../../outcome/failure.ts'
import { after, rescued, type Outcome } from '../../outcome/sync-promise.ts'
import { isReady } from '../../sockets/readiness.ts'
import { borrow, option, own, result, type Resource, type Tagged } from '../canonical/types.ts'
import { iovecOf, socketChannel } from '../channel.ts'
import { isEnd } from '../error-code.ts'
import { MOST_AT_ONCE, type ComponentHost, type ComponentRows } from '../host.ts'
import { Pollable } from '../pollable.ts'
import { InputStream, OutputStream } from '../streams.ts'
import { hostResource, typedRows } from '../typed-row.ts'
import { Fields, fields } from './fields.ts'
import { errorCode, errorOf } from './types.ts'

export const pollable: Resource = hostResource(Pollable)
const inputStream = hostResource(InputStream)
const outputStream = hostResource(OutputStream)

export const ok = (val?: unknown): Tagged => ({ tag: 'ok', val })
export const error = (val?: unknown): Tagged => ({ tag: 'error', val })

/** The calls of HTTP; a component that imports `wasi:http` is not started without them. */
export const httpOf = ({ guest }: ComponentHost): HttpCalls => {
  if (guest.http) return guest.http
  throw new Failure('ENOTSUP', 'this way of waiting serves no wasi:http')
}

/** What fails becomes `error(error-code)`. */
export const attempted = (action: () => Outcome<unknown>): Outcome<unknown> =>
  rescued<unknown>(
    () => after(action(), ok),
    (thrown) => {
      if (isEnd(thrown)) throw thrown
      return error(errorOf(failureOf(thrown)))
    },
  )

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
      isReady(answer!) ? this.#rest(host, []) : undefined,
    )
  }

  #rest(host: ComponentHost, before: readonly Uint8Array[]): Outcome<HttpAnswer<T>> {
    const into = host.scratch.subarray(0, MOST_AT_ONCE)
    return after(host.guest.sockets.receive(this.id, iovecOf(into), 0), (bytes) => {
      if (bytes > 0) return this.#rest(host, [...before, into.slice(0, bytes)])
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

export const incomingBody: Resource = hostResource(IncomingBody)
export const outgoingBody: Resource = hostResource(OutgoingBody)
const futureTrailers = hostResource(FutureTrailers)

export const bodyRows: ComponentRows = typedRows({
  '[method]incoming-body.stream': {
    parameters: [borrow(incomingBody)],
    result: result(own(inputStream)),
    call: (_host, self: IncomingBody) => {
      if (self.streamed) return error()
      self.streamed = true
      return ok(new InputStream(socketChannel(self.body)))
    },
  },
  '[static]incoming-body.finish': {
    parameters: [own(incomingBody)],
    result: own(futureTrailers),
    waits: true,
    call: (host, self: IncomingBody) =>
      after(close(host, self.body), () => new FutureTrailers(self.trailers)),
  },
  '[resource-drop]incoming-body': {
    parameters: [own(incomingBody)],
    waits: true,
    call: (host, self: IncomingBody) => after(close(host, self.body), () => close(host, self.trailers)),
  },
  '[method]future-trailers.subscribe': {
    parameters: [borrow(futureTrailers)],
    result: own(pollable),
    call: (_host, self: FutureTrailers) => self.awaited.pollable(),
  },
  // option<result<result<option<trailers>, error-code>>>: the outer error says that it was got before.
  '[method]future-trailers.get': {
    parameters: [borrow(futureTrailers)],
    result: option(result(result(option(own(fields)), errorCode))),
    waits: true,
    call: (host, self: FutureTrailers) => {
      if (self.got) return error()
      return after(self.awaited.get(host), (answer) => {
        if (!answer) return undefined
        self.got = true
        if ('error' in answer) return ok(error(errorOf(answer.error)))
        return ok(ok(answer.value.length === 0 ? undefined : Fields.of(answer.value)))
      })
    },
  },
  '[resource-drop]future-trailers': {
    parameters: [own(futureTrailers)],
    waits: true,
    call: (host, self: FutureTrailers) => close(host, self.awaited.id),
  },
  '[method]outgoing-body.write': {
    parameters: [borrow(outgoingBody)],
    result: result(own(outputStream)),
    call: (_host, self: OutgoingBody) => {
      if (self.written) return error()
      self.written = true
      return ok(new OutputStream(socketChannel(self.id)))
    },
  },
  '[static]outgoing-body.finish': {
    parameters: [own(outgoingBody), option(own(fields))],
    result: result(undefined, errorCode),
    waits: true,
    call: (host, self: OutgoingBody, trailers: Fields | undefined) =>
      attempted(() => httpOf(host).httpFinish(self.id, trailers?.list())),
  },
  '[resource-drop]outgoing-body': {
    parameters: [own(outgoingBody)],
    waits: true,
    call: (host, self: OutgoingBody) => quietly(() => httpOf(host).httpAbort(self.id)),
  },
})
