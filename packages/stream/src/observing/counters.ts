/** counters: connections and bytes of this thread. */
import type { Duplex } from 'node:stream'

export interface Counters {
  /** Connections made by `connect`. */
  readonly connected: number
  /** Connections accepted by listeners. */
  readonly accepted: number
  /** Calls of `connect` that failed. */
  readonly failed: number
  /** Connections that are open now. */
  readonly open: number
  /** Bytes over all connections that count them, as `net.Socket`s do; closed connections included. */
  readonly bytesRead: number
  readonly bytesWritten: number
}

interface Counting {
  readonly bytesRead?: number
  readonly bytesWritten?: number
}

const open = new Set<Duplex>()
const totals = { connected: 0, accepted: 0, failed: 0, bytesRead: 0, bytesWritten: 0 }

/** Node removes the bytes of a `net.Socket` from its handle before it emits `close`, so they can be read then. */
const onClose = function (this: Duplex): void {
  open.delete(this)
  const { bytesRead = 0, bytesWritten = 0 } = this as Counting
  totals.bytesRead += bytesRead
  totals.bytesWritten += bytesWritten
}

const track = (connection: Duplex): void => {
  open.add(connection)
  connection.once('close', onClose)
}

export const countConnected = (connection: Duplex): void => {
  totals.connected += 1
  track(connection)
}

export const countAccepted = (connection: Duplex): void => {
  totals.accepted += 1
  track(connection)
}

export const countFailed = (): void => {
  totals.failed += 1
}

/** What this thread has connected, accepted, read and written so far. */
export const counters = (): Counters => {
  let { bytesRead, bytesWritten } = totals
  for (const each of open as Set<Duplex & Counting>) {
    bytesRead += each.bytesRead ?? 0
    bytesWritten += each.bytesWritten ?? 0
  }
  return { ...totals, open: open.size, bytesRead, bytesWritten }
}
