/** transfer: moves the body of a message of the component into one of the host. */
import type { HttpCalls } from '../../../http/http-calls.ts'
import { failureOf } from '../../../outcome/failure.ts'
import { after, rescued, SyncPromise, type Outcome } from '../../../outcome/sync-promise.ts'
import type { AsyncHost } from '../../async/host.ts'
import type { Result, Tagged } from '../../canonical/named.ts'
import { isEnd } from '../../error-code.ts'
import { httpOf } from '../../http/bodies.ts'
import { errorOf } from '../../http/types.ts'
import { EndpointSink } from '../byte-streams.ts'
import { SocketEndpoint } from '../endpoint.ts'
import type { Message, Passed, Trailers } from './message.ts'

/** What an action comes to, with an error code of HTTP. */
export const tried = <T>(action: () => Outcome<T>): Outcome<Result<T, Tagged>> =>
  rescued<Result<T, Tagged>>(
    () => after(action(), (ok) => ({ ok })),
    (thrown) => {
      if (isEnd(thrown)) throw thrown
      return { error: errorOf(failureOf(thrown)) }
    },
  )

/** A body that is on its way. */
export interface Transfer {
  /** The number of the body; undefined where there is none. */
  readonly id: number | undefined
  /** Why there is no message: its trailers are an error, and no byte was sent. */
  readonly failure: Tagged | undefined
  /** Ends when all of it was taken, or never will be. */
  readonly passed: SyncPromise<Passed>
}

const trailersOf = ({ trailers }: Message): SyncPromise<Trailers> => {
  const later = new SyncPromise<Trailers>()
  trailers.consume((outcome) => later.resolve(outcome))
  return later
}

/** Ends a body by what follows it. */
const finish = (http: HttpCalls, id: number, outcome: Trailers): Outcome<Passed> =>
  after(
    tried(() => ('error' in outcome ? http.httpAbort(id) : http.httpFinish(id, outcome.ok?.list()))),
    (done): Passed =>
      'error' in outcome ? { error: outcome.error } : 'error' in done ? done : { ok: undefined },
  )

const settled = <T>(later: SyncPromise<T>, action: () => Outcome<T>): SyncPromise<T> => {
  const outcome = action()
  if (outcome instanceof SyncPromise)
    outcome.settle(
      (value) => later.resolve(value),
      (error) => later.reject(error),
    )
  else later.resolve(outcome)
  return later
}

/** A message without a stream waits for its trailers, since it has a body only where it has those. */
const withoutContents = (http: HttpCalls, message: Message): Outcome<Transfer> =>
  trailersOf(message).follow((outcome) => {
    const passed = new SyncPromise<Passed>()
    if ('error' in outcome || !outcome.ok) {
      passed.resolve('error' in outcome ? outcome : { ok: undefined })
      return { id: undefined, failure: 'error' in outcome ? outcome.error : undefined, passed }
    }
    return after(http.httpBody(), (id) => ({
      id,
      failure: undefined,
      passed: settled(passed, () => finish(http, id, outcome)),
    }))
  })

/** Begins to move the body of a message. */
export const transfer = (host: AsyncHost, message: Message): Outcome<Transfer> => {
  const http = httpOf(host)
  const { contents } = message
  message.take()
  if (!contents) return withoutContents(http, message)
  return after(http.httpBody(), (id) => {
    const passed = new SyncPromise<Passed>()
    contents.attach(
      new EndpointSink(new SocketEndpoint(host, id, 'write'), (failure) => {
        const aborted = (): Outcome<Passed> => finish(http, id, { error: errorOf(failure!) })
        if (failure) settled(passed, aborted)
        else settled(passed, () => trailersOf(message).follow((outcome) => finish(http, id, outcome)))
      }),
    )
    return { id, failure: undefined, passed }
  })
}
