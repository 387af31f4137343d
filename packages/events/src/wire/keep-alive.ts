/** keepAlive: a silent peer is pinged, and after three intervals it is dead. */
import { failure } from '../errors/errors.ts'
import { FrameType } from './frame.ts'
import type { Link } from './link.ts'

/** So many intervals without a sign of life are too many. */
const SILENT = 3

/** The interval that two ends keep: the shorter of their wishes; 0 and Infinity wish for none. */
export const keepAliveInterval = (mine: number, theirs: number): number => {
  const wishes = [mine, theirs].filter((ms) => ms > 0 && ms !== Infinity)
  return wishes.length === 0 ? 0 : Math.min(...wishes)
}

/**
 * Sends HEARTBEAT when nothing else was sent for an interval, and ends the connection when the other end sent nothing
 * for three. While this end does not read, on purpose, the silence is its own.
 *
 * @returns the function that ends it
 */
export const keepAlive = (link: Link, intervalMs: number): (() => void) => {
  if (intervalMs === 0) return () => {}
  let silent = 0
  const timer = setInterval(() => {
    if (link.heard || link.held) silent = 0
    else if (++silent >= SILENT) {
      link.destroy(
        failure('read', 'ERR_KEEPALIVE_TIMEOUT', `the other end said nothing for ${SILENT * intervalMs} ms`),
      )
      return
    }
    link.heard = false
    if (link.outbox.active) link.outbox.active = false
    else {
      link.outbox.putUnheld(FrameType.heartbeat, -1, undefined)
      link.outbox.flush()
      link.outbox.active = false
      link.outbox.trim()
    }
  }, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}
