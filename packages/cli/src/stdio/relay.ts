/** Relaying between two connections. */
import { finished } from 'node:stream/promises'
import type { Duplex } from 'node:stream'
import { whenIdle } from './idle.ts'
import { PIPE_IDLE_MS, type Connection } from '../connection/transport.ts'

/** Copies the bytes of one connection to the other, with back-pressure, and then its end. */
const relayOneWay = (from: Duplex, { stream: to, halfClose }: Connection): void => {
  from.pipe(to, { end: halfClose })
  // Ending a pipe of bytes closes it whole, and loses a late answer.
  if (!halfClose) from.once('end', () => whenIdle(to, PIPE_IDLE_MS, () => to.end()))
}

/**
 * Copies the bytes of each connection to the other; the end of one half ends that half of the other. Both must allow half-open
 * connections.
 *
 * @returns The bytes that went each way, when both ways have ended.
 * @throws The error of the connection that broke; the other is destroyed then.
 */
export const relay = async (
  a: Connection,
  b: Connection,
): Promise<{ readonly forth: number; readonly back: number }> => {
  let forth = 0
  let back = 0
  a.stream.on('data', (chunk: Buffer) => (forth += chunk.length))
  b.stream.on('data', (chunk: Buffer) => (back += chunk.length))
  relayOneWay(a.stream, b)
  relayOneWay(b.stream, a)
  try {
    await Promise.all([finished(a.stream), finished(b.stream)])
  } finally {
    a.stream.destroy()
    b.stream.destroy()
  }
  return { forth, back }
}
