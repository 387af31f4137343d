/** `wasi:sockets/network.error-code` of 0.2, and results that carry it. */
import { failureOf, Exit, Stopped } from '../outcome/failure.ts'
import { after, SyncPromise, type Outcome } from '../outcome/sync-promise.ts'
import { engine } from '../module/engine.ts'
import type { ComponentHost } from './host.ts'

const UNKNOWN = 0
export const WOULD_BLOCK = 8

/**
 * The numbers of the enum, by the codes of Node.
 *
 * @see https://github.com/WebAssembly/WASI/blob/v0.2.9/wasip2/sockets/network.wit
 */
const numbers: Readonly<Record<string, number>> = {
  EACCES: 1,
  EPERM: 1,
  ENOTSUP: 2,
  EOPNOTSUPP: 2,
  EAFNOSUPPORT: 2,
  ENOPROTOOPT: 2,
  EINVAL: 3,
  EDESTADDRREQ: 3,
  ENOMEM: 4,
  ENOBUFS: 4,
  ETIMEDOUT: 5,
  EALREADY: 6,
  ENOTINPROGRESS: 7,
  EAGAIN: WOULD_BLOCK,
  EINPROGRESS: WOULD_BLOCK,
  EISCONN: 9,
  ENOTCONN: 9,
  EMFILE: 10,
  ENFILE: 10,
  EADDRNOTAVAIL: 11,
  EADDRINUSE: 12,
  EHOSTUNREACH: 13,
  ENETUNREACH: 13,
  ENETDOWN: 13,
  ECONNREFUSED: 14,
  ECONNRESET: 15,
  EPIPE: 15,
  ECONNABORTED: 16,
  EMSGSIZE: 17,
  ENOENT: 18,
  ENOTFOUND: 18,
  ENODATA: 18,
  EAI_AGAIN: 19,
  EAI_FAIL: 20,
}

export const errorCode = (code: string): number => numbers[code] ?? UNKNOWN

/** What ends the component, and is no error of a call. */
export const isEnd = (thrown: unknown): boolean =>
  thrown instanceof Stopped || thrown instanceof Exit || thrown instanceof engine.RuntimeError

/**
 * Writes a `result<T, error-code>`.
 *
 * @param payload - Where T begins, which is where the error is, too.
 */
export const result = <T>(
  { guest: { memory } }: ComponentHost,
  at: number,
  payload: number,
  action: () => Outcome<T>,
  write: (value: T, at: number) => void,
): Outcome<void> => {
  memory.check(at, payload + 1)
  const failed = (thrown: unknown): void => {
    if (isEnd(thrown)) throw thrown
    memory.setU8(at, 1)
    memory.setU8(at + payload, errorCode(failureOf(thrown).code))
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

/** `result<_, error-code>` */
export const unitResult = (host: ComponentHost, at: number, action: () => Outcome<unknown>): Outcome<void> =>
  result(host, at, 1, action, () => {})
