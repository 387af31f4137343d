/** The types of `wasi:http/types` of 0.2: methods, schemes, and the error codes with what failed. */
import type { Failure } from '../../outcome/failure.ts'
import { tuple } from '../canonical/compound.ts'
import { bytes, list } from '../canonical/lists.ts'
import { option, record, variant, type Tagged } from '../canonical/named.ts'
import { u16, u32, u64, u8 } from '../canonical/scalars.ts'
import { string } from '../canonical/text.ts'
import type { ValueType } from '../canonical/type.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']

/** `variant method` */
export const method: ValueType<Tagged> = variant(...METHODS.map((name) => [name.toLowerCase()] as const), [
  'other',
  string,
])

/** `variant scheme` */
export const scheme: ValueType<Tagged> = variant(['HTTP'], ['HTTPS'], ['other', string])

/** A method or a scheme that has a case of its own is that one, however it was named. */
export const plainMethod = (value: Tagged): Tagged => methodOf(methodName(value))
export const plainScheme = (value: Tagged | undefined): Tagged | undefined =>
  value?.tag === 'other' ? schemeOf(value.val as string) : value

export const methodOf = (name: string): Tagged =>
  METHODS.includes(name) ? { tag: name.toLowerCase() } : { tag: 'other', val: name }

export const methodName = ({ tag, val }: Tagged): string =>
  tag === 'other' ? (val as string) : tag.toUpperCase()

export const schemeOf = (name: string): Tagged =>
  name === 'http' || name === 'https' ? { tag: name.toUpperCase() } : { tag: 'other', val: name }

export const schemeName = ({ tag, val }: Tagged): string =>
  (tag === 'other' ? (val as string) : tag).toLowerCase()

/** A name and a value of fields. */
export type FieldEntry = readonly [name: string, value: Uint8Array]
export const fieldEntries: ValueType<readonly FieldEntry[]> = list(tuple(string, bytes))

const dns = record(['rcode', option(string)], ['info-code', option(u16)])
const alert = record(['alert-id', option(u8)], ['alert-message', option(string)])
const field = record(['field-name', option(string)], ['field-size', option(u32)])

/**
 * `variant error-code`
 *
 * @see https://github.com/WebAssembly/WASI/blob/v0.2.9/proposals/http/wit/types.wit
 */
export const errorCode: ValueType<Tagged> = variant(
  ['DNS-timeout'],
  ['DNS-error', dns],
  ['destination-not-found'],
  ['destination-unavailable'],
  ['destination-IP-prohibited'],
  ['destination-IP-unroutable'],
  ['connection-refused'],
  ['connection-terminated'],
  ['connection-timeout'],
  ['connection-read-timeout'],
  ['connection-write-timeout'],
  ['connection-limit-reached'],
  ['TLS-protocol-error'],
  ['TLS-certificate-error'],
  ['TLS-alert-received', alert],
  ['HTTP-request-denied'],
  ['HTTP-request-length-required'],
  ['HTTP-request-body-size', option(u64)],
  ['HTTP-request-method-invalid'],
  ['HTTP-request-URI-invalid'],
  ['HTTP-request-URI-too-long'],
  ['HTTP-request-header-section-size', option(u32)],
  ['HTTP-request-header-size', option(field)],
  ['HTTP-request-trailer-section-size', option(u32)],
  ['HTTP-request-trailer-size', field],
  ['HTTP-response-incomplete'],
  ['HTTP-response-header-section-size', option(u32)],
  ['HTTP-response-header-size', field],
  ['HTTP-response-body-size', option(u64)],
  ['HTTP-response-trailer-section-size', option(u32)],
  ['HTTP-response-trailer-size', field],
  ['HTTP-response-transfer-coding', option(string)],
  ['HTTP-response-content-coding', option(string)],
  ['HTTP-response-timeout'],
  ['HTTP-upgrade-failed'],
  ['HTTP-protocol-error'],
  ['loop-detected'],
  ['configuration-error'],
  ['internal-error', option(string)],
)

/** By the codes of Node and of this package. */
const tags: Readonly<Record<string, string>> = {
  ENOTFOUND: 'DNS-error',
  ENOENT: 'destination-not-found',
  EAI_AGAIN: 'DNS-timeout',
  EHOSTUNREACH: 'destination-unavailable',
  ENETUNREACH: 'destination-IP-unroutable',
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-terminated',
  ECONNABORTED: 'connection-terminated',
  EPIPE: 'connection-terminated',
  ETIMEDOUT: 'connection-timeout',
  ERR_HTTP_CONNECT_TIMEOUT: 'connection-timeout',
  ERR_HTTP_BODY_TIMEOUT: 'connection-read-timeout',
  ERR_HTTP_RESPONSE_TIMEOUT: 'HTTP-response-timeout',
  EMFILE: 'connection-limit-reached',
  EACCES: 'HTTP-request-denied',
  EPROTO: 'TLS-protocol-error',
  ERR_INVALID_URL: 'HTTP-request-URI-invalid',
  ERR_INVALID_HTTP_TOKEN: 'HTTP-request-method-invalid',
  ERR_HTTP_CONTENT_LENGTH_MISMATCH: 'HTTP-request-body-size',
  ERR_HTTP_INCOMPLETE: 'HTTP-response-incomplete',
  HPE_HEADER_OVERFLOW: 'HTTP-response-header-section-size',
}

/** A refused certificate is `EACCES` as well: its words say which. */
const isCertificate = ({ code, detail }: Pick<Failure, 'code' | 'detail'>): boolean =>
  code === 'EACCES' && detail.startsWith('the certificate')

export const errorOf = (failure: Pick<Failure, 'code' | 'detail'>): Tagged => {
  const { code, detail } = failure
  if (isCertificate(failure)) return { tag: 'TLS-certificate-error' }
  const tag = tags[code]
  if (tag === 'DNS-error') return { tag, val: { rcode: code, infoCode: undefined } }
  if (tag !== undefined) return { tag }
  return code.startsWith('HPE_') ? { tag: 'HTTP-protocol-error' } : { tag: 'internal-error', val: detail }
}
