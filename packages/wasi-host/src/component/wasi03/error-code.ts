/** `wasi:sockets/types.error-code` and that of `ip-name-lookup`, of 0.3. */
import { Failure } from '../../outcome/failure.ts'
import { string } from '../types/bytes.ts'
import { mapped, option, variant } from '../types/compound.ts'
import type { ValueType } from '../types/type.ts'

/** A variant whose last case says in words what has no case of its own. */
const codes = (cases: Readonly<Record<string, number>>, count: number): ValueType<Failure> => {
  const other = count - 1
  const types = Array.from({ length: count }, (_, tag) =>
    tag === other ? (option(string) as ValueType<unknown>) : undefined,
  )
  return mapped(
    variant(types),
    ({ tag }) => new Failure('EIO', `the case ${tag}`),
    ({ code, detail }) => {
      const tag = cases[code]
      return tag === undefined ? { tag: other, value: `${code}: ${detail}` } : { tag }
    },
  )
}

/**
 * The numbers of the cases, by the codes of Node.
 *
 * @see https://github.com/WebAssembly/WASI/blob/v0.3.0/proposals/sockets/wit/types.wit
 */
export const socketError: ValueType<Failure> = codes(
  {
    EACCES: 0,
    EPERM: 0,
    ENOTSUP: 1,
    EOPNOTSUPP: 1,
    ENOPROTOOPT: 1,
    EINVAL: 2,
    EDESTADDRREQ: 2,
    EAFNOSUPPORT: 2,
    ENOMEM: 3,
    ENOBUFS: 3,
    ETIMEDOUT: 4,
    EALREADY: 5,
    EISCONN: 5,
    ENOTCONN: 5,
    EADDRNOTAVAIL: 6,
    EADDRINUSE: 7,
    EHOSTUNREACH: 8,
    EHOSTDOWN: 8,
    ENETUNREACH: 8,
    ENETDOWN: 8,
    ECONNREFUSED: 9,
    EPIPE: 10,
    ECONNRESET: 11,
    ECONNABORTED: 12,
    EMSGSIZE: 13,
  },
  15,
)

/** @see https://github.com/WebAssembly/WASI/blob/v0.3.0/proposals/sockets/wit/ip-name-lookup.wit */
export const lookupError: ValueType<Failure> = codes(
  {
    EACCES: 0,
    EPERM: 0,
    EINVAL: 1,
    ENOENT: 2,
    ENOTFOUND: 2,
    ENODATA: 2,
    EAI_AGAIN: 3,
    EAI_FAIL: 4,
  },
  6,
)

/** The failure itself is the error. */
export const asItIs = (failure: Failure): Failure => failure
