/** TransferToken: a stream, listener or datagram socket on its way to another thread. */
import { invalidArgument, invalidValue } from '@uds/winsock-ffi'
import { isShared } from './memory.ts'
import type { SharedState } from './state.ts'

/** What a token can be made of. */
export type TransferKind = 'UnixStream' | 'UnixListener' | 'UnixDatagram' | 'WinStream' | 'WinListener'

const brand = 'uds:pipes'

/** A stream, listener or datagram socket on its way to another thread. It is used once. */
export interface TransferToken {
  readonly type: 'uds:pipes'
  readonly kind: TransferKind
  readonly memory: SharedArrayBuffer
  /** 1 until a thread has used the token. */
  readonly ticket: SharedArrayBuffer
  readonly details: Readonly<Record<string, unknown>>
}

/** The reference of `state` goes over to the token. */
export const makeToken = (
  kind: TransferKind,
  state: SharedState,
  details: Readonly<Record<string, unknown>>,
): TransferToken => {
  const ticket = new SharedArrayBuffer(4)
  new Int32Array(ticket)[0] = 1
  return { type: brand, kind, memory: state.memory, ticket, details }
}

/**
 * Checks that a token is one of these kinds, and leaves it unused.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`.
 */
export const checkToken = (token: TransferToken, kinds: readonly TransferKind[]): void => {
  const wanted = `a token of ${kinds.join(' or ')}, as transfer() makes it`
  if (typeof token !== 'object' || token === null || token.type !== brand || !kinds.includes(token.kind)) {
    throw invalidArgument('fromTransfer', 'the token', wanted, token)
  }
  if (!isShared(token.memory) || !isShared(token.ticket)) {
    throw invalidArgument('fromTransfer', 'the token', `${wanted}, posted whole`, token)
  }
}

/**
 * Takes what a token carries.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for anything that is no token of this kind, `ERR_INVALID_ARG_VALUE` for one
 *   that was used before.
 */
export const claimToken = (token: TransferToken, kind: TransferKind): TransferToken => {
  checkToken(token, [kind])
  if (Atomics.exchange(new Int32Array(token.ticket), 0, 0) !== 1) {
    throw invalidValue('fromTransfer', 'the token', 'was used already; make one for each thread', token.kind)
  }
  return token
}
