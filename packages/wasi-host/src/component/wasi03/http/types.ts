/** `wasi:http/types` of 0.3: fields, requests, responses, time-outs. */
import { func, type WitFunction, type WitFunctions } from '../../async/wit-function.ts'
import { futureOf, streamOf } from '../../async/carried.ts'
import type { Future } from '../../async/future.ts'
import { Stream } from '../../async/stream.ts'
import { tuple } from '../../canonical/compound.ts'
import { borrow, own } from '../../canonical/handle.ts'
import { bytes, list } from '../../canonical/lists.ts'
import { option, result, variant, type Result, type Tagged } from '../../canonical/named.ts'
import { u16, u64, u8 } from '../../canonical/scalars.ts'
import { string } from '../../canonical/text.ts'
import type { ValueType } from '../../canonical/type.ts'
import type { Class } from '../../handles.ts'
import { Fields, fieldsFunctions, getAndDelete } from '../../http/fields.ts'
import { RequestOptions, type Timeouts } from '../../http/options.ts'
import { isAuthority, isMethod, isPath, isScheme } from '../../http/syntax.ts'
import { fieldEntries, method, plainMethod, plainScheme, scheme } from '../../http/types.ts'
import { noBytes } from '../byte-streams.ts'
import { Request, Response, passedType, trailersType, type Message, type Trailers } from './message.ts'

type Kept = Result<undefined, undefined>
const kept: Kept = { ok: undefined }
const refused: Kept = { error: undefined }

const headerError = variant(
  ['invalid-syntax'],
  ['forbidden'],
  ['immutable'],
  ['size-exceeded'],
  ['other', option(string)],
)
const optionsError = variant(['not-supported'], ['immutable'], ['other', option(string)])

const fields = borrow(Fields)
const request = borrow(Request)
const response = borrow(Response)
const options = borrow(RequestOptions)

const drop = <T extends object>(type: Class<T>, action: (value: T) => void = () => {}): WitFunction =>
  func([own(type)], undefined, (_host, value) => action(value))

const fieldsFuncs: WitFunctions = {
  ...fieldsFunctions<WitFunction>(func, headerError),
  '[method]fields.get-and-delete': func(
    [fields, string],
    result(list(bytes), headerError),
    (_host, self, name) => getAndDelete(self, name),
  ),
  '[method]fields.copy-all': func([fields], fieldEntries, (_host, { entries }) => entries),
  '[resource-drop]fields': drop(Fields),
}

/** A function that keeps a value of a request, unless it is none. */
const setter = <T>(
  type: ValueType<T>,
  accepts: (value: T) => boolean,
  keep: (self: Request, value: T) => void,
): WitFunction =>
  func([request, type], result(), (_host, self, value) => {
    if (!accepts(value)) return refused
    keep(self, value)
    return kept
  })

/** `consume-body`: what came, or what the component itself has put in. How the reader got on is the last word of that. */
const consumeBody = <M extends Message>(type: Class<M>): WitFunction =>
  func(
    [own(type), futureOf(passedType)],
    tuple(streamOf(u8), futureOf(trailersType)),
    (_host, message, handled) => {
      message.take()
      handled.consume((outcome) => message.passed.resolve(outcome))
      return [message.contents ?? new Stream(u8, noBytes), message.trailers] as const
    },
  )

type Body = readonly [Stream<number> | undefined, Future<Trailers>]

const requestFuncs: WitFunctions = {
  '[static]request.new': func(
    [own(Fields), option(streamOf(u8)), futureOf(trailersType), option(own(RequestOptions))],
    tuple(own(Request), futureOf(passedType)),
    (_host, headers, ...[contents, trailers, given]: [...Body, RequestOptions | undefined]) => {
      const frozen = given && new RequestOptions(given.timeouts, true)
      const made = new Request(headers.frozen(), contents, trailers, frozen)
      return [made, made.passed] as const
    },
  ),
  '[method]request.get-method': func([request], method, (_host, self) => self.method),
  '[method]request.set-method': setter(method, isMethod, (self, value) => {
    self.method = plainMethod(value)
  }),
  '[method]request.get-path-with-query': func([request], option(string), (_host, { path }) => path),
  '[method]request.set-path-with-query': setter(option(string), isPath, (self, value) => {
    self.path = value === '' ? '/' : value
  }),
  '[method]request.get-scheme': func([request], option(scheme), (_host, self) => self.scheme),
  '[method]request.set-scheme': setter(option(scheme), isScheme, (self, value) => {
    self.scheme = plainScheme(value)
  }),
  '[method]request.get-authority': func([request], option(string), (_host, { authority }) => authority),
  '[method]request.set-authority': setter(option(string), isAuthority, (self, value) => {
    self.authority = value
  }),
  '[method]request.get-options': func([request], option(own(RequestOptions)), (_host, self) => self.options),
  '[method]request.get-headers': func([request], own(Fields), (_host, { headers }) => headers.frozen()),
  '[static]request.consume-body': consumeBody(Request),
  '[resource-drop]request': drop(Request, (self) => self.drop()),
}

const responseFuncs: WitFunctions = {
  '[static]response.new': func(
    [own(Fields), option(streamOf(u8)), futureOf(trailersType)],
    tuple(own(Response), futureOf(passedType)),
    (_host, headers, ...[contents, trailers]: Body) => {
      const made = new Response(headers.frozen(), contents, trailers)
      return [made, made.passed] as const
    },
  ),
  '[method]response.get-status-code': func([response], u16, (_host, { status }) => status),
  '[method]response.set-status-code': func([response, u16], result(), (_host, self, status) => {
    if (status < 100 || status > 599) return refused
    self.status = status
    return kept
  }),
  '[method]response.get-headers': func([response], own(Fields), (_host, { headers }) => headers.frozen()),
  '[static]response.consume-body': consumeBody(Response),
  '[resource-drop]response': drop(Response, (self) => self.drop()),
}

const timeout = (name: keyof Timeouts, label: string): WitFunctions => ({
  [`[method]request-options.get-${label}`]: func(
    [options],
    option(u64),
    (_host, self) => self.timeouts[name],
  ),
  [`[method]request-options.set-${label}`]: func(
    [options, option(u64)],
    result(undefined, optionsError),
    (_host, self, value): Result<undefined, Tagged> => {
      if (self.immutable) return { error: { tag: 'immutable' } }
      self.timeouts[name] = value
      return { ok: undefined }
    },
  ),
})

const optionsFuncs: WitFunctions = {
  '[constructor]request-options': func([], own(RequestOptions), () => new RequestOptions()),
  ...timeout('connect', 'connect-timeout'),
  ...timeout('firstByte', 'first-byte-timeout'),
  ...timeout('betweenBytes', 'between-bytes-timeout'),
  '[method]request-options.clone': func(
    [options],
    own(RequestOptions),
    (_host, { timeouts }) => new RequestOptions(timeouts),
  ),
  '[resource-drop]request-options': drop(RequestOptions),
}

export const httpTypes: WitFunctions = { ...fieldsFuncs, ...requestFuncs, ...responseFuncs, ...optionsFuncs }
