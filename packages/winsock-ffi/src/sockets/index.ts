/**
 * One set of socket calls with the same meaning on every system: blocking, with a deadline, or non-blocking. They are
 * the calls of the C interface under their own names; what differs between systems is said at each.
 */
import { recvWithin, tryAccept, tryConnect, tryRecv, trySend } from './nonblocking.ts'
import { accept, bind, connect, listen } from './connections.ts'
import { receiveMessage, sendMessage, tryReceiveMessage } from './messages.ts'
import { close, fromFd, open, pair, setNonblocking } from './open.ts'
import { getOption, setOption } from './options.ts'
import { localAddress, peerAddress, peerCredentials, peerGroups, peerLabel, peerPidfd } from './peers.ts'
import { poll } from './poll.ts'
import { available, recv, send, shutdown } from './transfer.ts'

/**
 * The neutral socket calls.
 *
 * @namespace
 */
export const sockets: {
  readonly open: typeof open
  readonly fromFd: typeof fromFd
  readonly pair: typeof pair
  readonly bind: typeof bind
  readonly listen: typeof listen
  readonly accept: typeof accept
  readonly tryAccept: typeof tryAccept
  readonly tryConnect: typeof tryConnect
  readonly tryRecv: typeof tryRecv
  readonly trySend: typeof trySend
  readonly connect: typeof connect
  readonly send: typeof send
  readonly recv: typeof recv
  readonly recvWithin: typeof recvWithin
  readonly sendMessage: typeof sendMessage
  readonly receiveMessage: typeof receiveMessage
  readonly tryReceiveMessage: typeof tryReceiveMessage
  readonly shutdown: typeof shutdown
  readonly poll: typeof poll
  readonly localAddress: typeof localAddress
  readonly peerAddress: typeof peerAddress
  readonly peerCredentials: typeof peerCredentials
  readonly peerGroups: typeof peerGroups
  readonly peerLabel: typeof peerLabel
  readonly peerPidfd: typeof peerPidfd
  readonly available: typeof available
  readonly getOption: typeof getOption
  readonly setOption: typeof setOption
  readonly setNonblocking: typeof setNonblocking
  readonly close: typeof close
} = {
  open,
  fromFd,
  pair,
  bind,
  listen,
  accept,
  tryAccept,
  tryConnect,
  tryRecv,
  trySend,
  connect,
  send,
  recv,
  recvWithin,
  sendMessage,
  receiveMessage,
  tryReceiveMessage,
  shutdown,
  poll,
  localAddress,
  peerAddress,
  peerCredentials,
  peerGroups,
  peerLabel,
  peerPidfd,
  available,
  getOption,
  setOption,
  setNonblocking,
  close,
}
