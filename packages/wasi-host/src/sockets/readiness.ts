/** poll(2) for the sockets of a guest. */
import type { PollAnswer, PollRequest } from './socket-calls.ts'
import type { GuestSocket } from './guest-socket.ts'
import type { Interest, Network } from '../network/network.ts'
import { after, type Outcome } from '../outcome/sync-promise.ts'
import { now } from './wait-policy.ts'

/** Finds a socket by its number. */
type Find = (id: number) => GuestSocket | undefined

export const isReady = ({ readable, writable, hangup, error }: PollAnswer): boolean =>
  readable || writable || hangup || error

const look = (find: Find, { id, read, write }: PollRequest): PollAnswer => {
  const socket = find(id)
  if (!socket) return { readable: read, writable: write, hangup: false, available: 0, error: true }
  socket.finishConnectingQuietly()
  const { end } = socket
  // A socket that is neither connected nor listening: poll(2) on Linux says it has hung up.
  if (!end)
    return {
      readable: false,
      writable: write,
      hangup: true,
      available: 0,
      error: socket.pending !== undefined,
    }
  const readable =
    read && end.readable() && (socket.kind !== 'stream' || !socket.listener || socket.listening)
  return {
    readable,
    available: readable ? end.available() : 0,
    writable: write && end.writable(),
    hangup: end.hungUp(),
    error: socket.pending !== undefined,
  }
}

/** Waits until one is ready or the time is up (-1: never). */
export const poll = (
  network: Network,
  find: Find,
  requests: readonly PollRequest[],
  timeoutMs: number,
): Outcome<readonly PollAnswer[]> => {
  const deadline = timeoutMs < 0 ? Infinity : now() + timeoutMs
  const again = (): Outcome<readonly PollAnswer[]> => {
    const answers = requests.map((each) => look(find, each))
    if (timeoutMs === 0 || answers.some(isReady)) return answers
    const left = deadline - now()
    if (left <= 0) return answers
    const interests = requests.flatMap(({ id, read, write }): Interest[] => {
      const end = find(id)?.end
      return end ? [{ end, read, write }] : []
    })
    return after(network.wait(interests, left === Infinity ? -1 : Math.ceil(left)), again)
  }
  return again()
}
