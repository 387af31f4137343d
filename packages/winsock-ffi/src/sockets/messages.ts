/** sendmsg, recvmsg: several parts, an address, descriptors, credentials. */
import { decodeKnownAddress, type SocketAddress } from '../address/socket-address.ts'
import { invalidArgument, invalidValue, outOfRange } from '../errors/wrong-argument.ts'
import { SocketError } from '../errors/socket-error.ts'
import { Descriptor } from '../handle/descriptor.ts'
import { openFd, type SocketHandle } from '../handle/socket-handle.ts'
import { checkOptions, optionNames } from '../options/check-options.ts'
import { INT_MAX, integer } from '../options/values.ts'
import { system } from '../system.ts'
import type { IncomingMessage, SenderCredentials } from '../system-calls/system-calls.ts'
import type { PeerCredentials } from '../credentials/peer-credentials.ts'
import { systemCalls } from '../system-calls/select.ts'
import { awaitInput, dontWait, waitAndRetry, readTimeout, type WaitOptions } from '../waiting/waiting.ts'
import { checkAddress, checkBytes, checkRoom } from './arguments.ts'
import { mayRetry } from './nonblocking.ts'

/** A message for `sockets.sendMessage`. */
export interface Message {
  /** The bytes, in one or several parts, sent as if they were joined. A stream must carry one byte at least. */
  readonly data: Uint8Array | readonly Uint8Array[]
  /** Descriptors to send along (at most 253 on Linux). They stay open here; the receiver gets copies of its own. */
  readonly descriptors?: readonly (number | Descriptor)[] | undefined
  /**
   * Linux: who the message is from, for a receiver with SO_PASSCRED. The kernel lets a process name its own pid and its real,
   * effective or saved ids; others take CAP_SYS_ADMIN, CAP_SETUID or CAP_SETGID.
   *
   * @default this process
   */
  readonly credentials?: SenderCredentials | undefined
  /** Where a datagram goes, on a socket that is not connected. */
  readonly to?: SocketAddress | undefined
}

const PARTS = optionNames<Message>({ data: true, descriptors: true, credentials: true, to: true })

/** @throws RangeError `ERR_OUT_OF_RANGE`; SocketError `ENOTSUP` outside of Linux. */
const checkCredentials = (credentials: SenderCredentials): void => {
  integer('sendmsg', 'credentials.pid', credentials.pid, 1, INT_MAX)
  integer('sendmsg', 'credentials.uid', credentials.uid, 0, 0xffff_ffff)
  integer('sendmsg', 'credentials.gid', credentials.gid, 0, 0xffff_ffff)
  if (system === 'linux') return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'sendmsg',
    detail: 'only Linux lets a message say who it is from (SCM_CREDENTIALS)',
  })
}

/**
 * Sends bytes in several parts, to an address, with descriptors: sendmsg(2).
 *
 * @returns How many bytes were sent, as {@link send}.
 * @throws SocketError as {@link send}; `ENOTSUP` for descriptors on Windows, which cannot pass any over AF_UNIX, and on
 *   sockets that are not AF_UNIX; `EBADF` for one that is not open; `ENOTSUP` for credentials outside of Linux, `EPERM`
 *   for those of others.
 * @see unix(7) SCM_RIGHTS
 */
export const sendMessage = (handle: SocketHandle, message: Message, options?: WaitOptions): number => {
  const fd = openFd(handle, 'sendmsg')
  checkOptions(message, 'sendmsg', PARTS, 'message.')
  const parts = message.data instanceof Uint8Array ? [message.data] : [...message.data]
  for (const part of parts) checkBytes(part, 'sendmsg', 'the data')
  const descriptors = (message.descriptors ?? []).map((each) => {
    const number = each instanceof Descriptor ? each.fd : each
    if (Number.isInteger(number) && number >= 0) return number
    throw invalidArgument('sendmsg', 'a descriptor', 'an open descriptor', each)
  })
  if (descriptors.length > 0) {
    if (handle.family !== 'unix') {
      throw new SocketError({
        code: 'ENOTSUP',
        syscall: 'sendmsg',
        detail: 'only AF_UNIX sockets pass descriptors',
      })
    }
    // Linux drops descriptors that come with no byte on a stream, without a word (unix(7)).
    if (handle.type === 'stream' && parts.every((part) => part.byteLength === 0)) {
      throw invalidValue(
        'sendmsg',
        'the data',
        'must have a byte for the descriptors to travel with',
        message.data,
      )
    }
  }
  if (message.to) checkAddress(handle, message.to, 'sendmsg')
  const { credentials } = message
  if (credentials) checkCredentials(credentials)
  const outgoing = { parts, descriptors, to: message.to?.encode(), credentials }
  const timeoutMs = readTimeout(options, 'sendmsg')
  const flags = dontWait(timeoutMs)
  const sent = systemCalls.sendMessage(fd, outgoing, flags)
  return sent >= 0
    ? sent
    : waitAndRetry(handle, fd, 'sendmsg', timeoutMs, sent, systemCalls.sendMessage, outgoing, flags)
}

export interface ReceiveOptions extends WaitOptions {
  /** Leave the bytes where they are, for the next call. */
  readonly peek?: boolean | undefined
}

export const RECEIVE_OPTIONS: readonly string[] = optionNames<ReceiveOptions>({ timeoutMs: true, peek: true })

export interface ReceiveMessageOptions extends ReceiveOptions {
  /**
   * The largest number of descriptors to take, 0 to 253; further ones are closed, and `descriptorsTruncated` is true.
   *
   * @default 0
   */
  readonly maxDescriptors?: number | undefined
  /** Take the credentials of the sender, which the option SO_PASSCRED makes the system send along (Linux). */
  readonly credentials?: boolean | undefined
}

const RECEIVE_MESSAGE_OPTIONS = optionNames<ReceiveMessageOptions>({
  timeoutMs: true,
  peek: true,
  maxDescriptors: true,
  credentials: true,
})

/** The result of `sockets.receiveMessage`. */
export interface ReceivedMessage {
  /** How many bytes came; 0 at the end of a stream. */
  readonly bytes: number
  /** The descriptors that came along. They are yours: close each. */
  readonly descriptors: readonly Descriptor[]
  /** The sender of a datagram; undefined on a connected stream and for a sender without a name. */
  readonly from: SocketAddress | undefined
  /** The process that sent it, as the system vouches for it; only if they were asked for. */
  readonly credentials: PeerCredentials | undefined
  /** The datagram was longer than the buffer, and the rest is lost. */
  readonly truncated: boolean
  /** Descriptors were lost: the message had more than `maxDescriptors`, or this process may open no more (EMFILE). */
  readonly descriptorsTruncated: boolean
}

const largestCount = (options: ReceiveMessageOptions | undefined): number => {
  const maxDescriptors = options?.maxDescriptors ?? 0
  if (Number.isInteger(maxDescriptors) && maxDescriptors >= 0 && maxDescriptors <= 253) return maxDescriptors
  throw outOfRange('recvmsg', 'maxDescriptors', 'an integer from 0 to 253', maxDescriptors)
}

const incoming = (handle: SocketHandle, options: ReceiveMessageOptions | undefined): IncomingMessage => ({
  descriptors: [],
  credentials: options?.credentials === true,
  named: handle.type !== 'stream',
  from: NO_BYTES,
  truncated: false,
  descriptorsTruncated: false,
})

const NO_BYTES = new Uint8Array(0)

const toReceived = (bytes: number, result: IncomingMessage): ReceivedMessage => ({
  bytes,
  descriptors: result.descriptors.map((each) => new Descriptor(each, 'the received descriptor')),
  from: result.from.length > 2 ? decodeKnownAddress(result.from) : undefined,
  credentials: typeof result.credentials === 'object' ? result.credentials : undefined,
  truncated: result.truncated,
  descriptorsTruncated: result.descriptorsTruncated,
})

/**
 * Receives bytes with the address of their sender and the descriptors that came along: recvmsg(2).
 *
 * ## Platform behaviour
 * Windows has no descriptors to receive: `descriptors` is always empty there.
 *
 * @throws SocketError as {@link recv}.
 */
export const receiveMessage = (
  handle: SocketHandle,
  buffer: Uint8Array,
  options?: ReceiveMessageOptions,
): ReceivedMessage => {
  const fd = openFd(handle, 'recvmsg')
  checkRoom(buffer, 'recvmsg')
  const maxDescriptors = largestCount(options)
  const timeoutMs = readTimeout(options, 'recvmsg', RECEIVE_MESSAGE_OPTIONS)
  const flags = (options?.peek ? systemCalls.MSG_PEEK : 0) | dontWait(timeoutMs)
  const result = incoming(handle, options)
  const receive = (): number => systemCalls.receiveMessage(fd, buffer, maxDescriptors, flags, result)
  awaitInput(fd, 'recvmsg', timeoutMs)
  const first = receive()
  const bytes = first >= 0 ? first : waitAndRetry(handle, fd, 'recvmsg', timeoutMs, first, receive)
  return toReceived(bytes, result)
}

/**
 * Receives a message that is there, also on a socket that is blocking; "not now" costs no exception.
 *
 * @returns Undefined when nothing is there yet.
 * @throws SocketError as {@link receiveMessage}, but never `EAGAIN` and `ETIMEDOUT`.
 */
export const tryReceiveMessage = (
  handle: SocketHandle,
  buffer: Uint8Array,
  options?: Omit<ReceiveMessageOptions, 'timeoutMs'>,
): ReceivedMessage | undefined => {
  const fd = openFd(handle, 'recvmsg')
  checkOptions(options, 'recvmsg', RECEIVE_MESSAGE_OPTIONS)
  checkRoom(buffer, 'recvmsg')
  const maxDescriptors = largestCount(options)
  const flags = (options?.peek ? systemCalls.MSG_PEEK : 0) | systemCalls.MSG_DONTWAIT
  const result = incoming(handle, options)
  for (;;) {
    const bytes = systemCalls.receiveMessage(fd, buffer, maxDescriptors, flags, result)
    if (bytes >= 0) return toReceived(bytes, result)
    if (!mayRetry(bytes, 'recvmsg')) return undefined
  }
}
