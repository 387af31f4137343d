/** `wasi:sockets/types.error-code` and that of `ip-name-lookup`, of 0.3. */
import { Failure } from '../../outcome/failure.ts'
import { mapped } from '../canonical/compound.ts'
import { option, variant } from '../canonical/named.ts'
import { string } from '../canonical/text.ts'
import type { ValueType } from '../canonical/type.ts'

/** A variant whose last case says in words what has no case of its own. */
const codes = <N extends string>(
  names: readonly N[],
  byCode: Readonly<Record<string, N>>,
): ValueType<Failure> =>
  mapped(
    variant(...names.map((name) => [name] as const), ['other', option(string)]),
    ({ tag }) => new Failure('EIO', `the case ${tag}`),
    ({ code, detail }) =>
      Object.hasOwn(byCode, code) ? { tag: byCode[code]! } : { tag: 'other', val: `${code}: ${detail}` },
  )

/**
 * The cases by the codes of Node.
 *
 * @see https://github.com/WebAssembly/WASI/blob/v0.3.0/proposals/sockets/wit/types.wit
 */
export const socketError: ValueType<Failure> = codes(
  [
    'access-denied',
    'not-supported',
    'invalid-argument',
    'out-of-memory',
    'timeout',
    'invalid-state',
    'address-not-bindable',
    'address-in-use',
    'remote-unreachable',
    'connection-refused',
    'connection-broken',
    'connection-reset',
    'connection-aborted',
    'datagram-too-large',
  ],
  {
    EACCES: 'access-denied',
    EPERM: 'access-denied',
    ENOTSUP: 'not-supported',
    EOPNOTSUPP: 'not-supported',
    ENOPROTOOPT: 'not-supported',
    EINVAL: 'invalid-argument',
    EDESTADDRREQ: 'invalid-argument',
    EAFNOSUPPORT: 'invalid-argument',
    ENOMEM: 'out-of-memory',
    ENOBUFS: 'out-of-memory',
    ETIMEDOUT: 'timeout',
    EALREADY: 'invalid-state',
    EISCONN: 'invalid-state',
    ENOTCONN: 'invalid-state',
    EADDRNOTAVAIL: 'address-not-bindable',
    EADDRINUSE: 'address-in-use',
    EHOSTUNREACH: 'remote-unreachable',
    EHOSTDOWN: 'remote-unreachable',
    ENETUNREACH: 'remote-unreachable',
    ENETDOWN: 'remote-unreachable',
    ECONNREFUSED: 'connection-refused',
    EPIPE: 'connection-broken',
    ECONNRESET: 'connection-reset',
    ECONNABORTED: 'connection-aborted',
    EMSGSIZE: 'datagram-too-large',
  },
)

/** @see https://github.com/WebAssembly/WASI/blob/v0.3.0/proposals/sockets/wit/ip-name-lookup.wit */
export const lookupError: ValueType<Failure> = codes(
  [
    'access-denied',
    'invalid-argument',
    'name-unresolvable',
    'temporary-resolver-failure',
    'permanent-resolver-failure',
  ],
  {
    EACCES: 'access-denied',
    EPERM: 'access-denied',
    EINVAL: 'invalid-argument',
    ENOENT: 'name-unresolvable',
    ENOTFOUND: 'name-unresolvable',
    ENODATA: 'name-unresolvable',
    EAI_AGAIN: 'temporary-resolver-failure',
    EAI_FAIL: 'permanent-resolver-failure',
  },
)

/** The failure itself is the error. */
export const asItIs = (failure: Failure): Failure => failure
