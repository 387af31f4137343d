/** `sock_poll(entries, count, timeout, *ready)`: poll(2) with entries `{ fd i32, events u16, revents u16 }`. */
import { Failure } from '../../outcome/failure.ts'
import { after } from '../../outcome/sync-promise.ts'
import type { PollAnswer, PollRequest } from '../../sockets/socket-calls.ts'
import type { Row } from '../abi.ts'
import { pollAll, type StandardRequest } from '../standard-streams.ts'

const POLLIN = 1
const POLLOUT = 4
const POLLERR = 8
const POLLHUP = 16
const POLLNVAL = 32

const MOST_POLLED = 16_384

/** An entry, and the events that it asks for. */
interface Polled {
  readonly index: number
  readonly events: number
}

export const pollRow: Row = {
  parameters: 'iiii',
  subject: 'nothing',
  waits: true,
  call: (guest, entries, count, timeout, ready) => {
    const many = count >>> 0
    if (many > MOST_POLLED) throw new Failure('EINVAL', `sock_poll takes ${MOST_POLLED} entries at most`)
    guest.memory.check(entries, many * 8)
    guest.memory.check(ready, 4)
    if (timeout < -1) throw new Failure('EINVAL', 'a timeout is -1 (none) or milliseconds')
    const found = new Map<number, number>()
    const requests: (PollRequest & Polled)[] = []
    const standards: (StandardRequest & Polled)[] = []
    for (let index = 0; index < many; index += 1) {
      const at = (entries >>> 0) + index * 8
      const events = guest.memory.u16(at + 4)
      try {
        const entry = guest.fds.get(guest.memory.i32(at))
        const wanted = { read: (events & POLLIN) !== 0, write: (events & POLLOUT) !== 0, index, events }
        if (entry.kind === 'socket') requests.push({ id: entry.id, ...wanted })
        else if (entry.kind === 'standard') standards.push({ stream: entry.standard, ...wanted })
        else found.set(index, events & (POLLIN | POLLOUT))
      } catch {
        found.set(index, POLLNVAL)
      }
    }
    const collect = (polled: readonly Polled[], answers: readonly PollAnswer[]): void => {
      for (const [at, { index, events }] of polled.entries()) {
        const { readable, writable, hangup, error } = answers[at]!
        const bits =
          (readable ? POLLIN & events : 0) |
          (writable ? POLLOUT & events : 0) |
          (hangup ? POLLHUP : 0) |
          (error ? POLLERR : 0)
        if (bits !== 0) found.set(index, bits)
      }
    }
    return after(pollAll(guest, requests, standards, found.size > 0 ? 0 : timeout), (answers) => {
      collect(requests, answers.sockets)
      collect(standards, answers.standards)
      for (let index = 0; index < many; index += 1) {
        guest.memory.setU16((entries >>> 0) + index * 8 + 6, found.get(index) ?? 0)
      }
      guest.memory.setU32(ready, found.size)
    })
  },
}
