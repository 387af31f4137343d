import { finished } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import type { Context } from '../terminal/context.ts'
import { whenIdle } from './idle.ts'
import { printReceived, type ViewFlags } from './received-bytes.ts'
import { PIPE_IDLE_MS, type Connection } from '../connection/transport.ts'

/** When the peer has ended: how long input may pause before it is taken to have nothing more. */
const INPUT_IDLE_MS = 500

const isTerminal = (stream: Readable): boolean => (stream as { isTTY?: boolean }).isTTY === true

/** Resolves when input has ended, has paused for long, or comes from a person, who would not know that it still counts. */
const untilInputEnds = (input: Readable, connection: Connection['stream']): Promise<void> =>
  new Promise((resolve) => {
    if (input.readableEnded || isTerminal(input)) {
      resolve()
      return
    }
    const wait = (): void => {
      whenIdle(input, INPUT_IDLE_MS, () => {
        // Input that waits for a peer that reads slowly has not paused.
        if (connection.writableNeedDrain) connection.once('drain', wait)
        else resolve()
      })
    }
    input.once('end', resolve)
    connection.once('close', resolve)
    wait()
  })

/**
 * Standard input goes to the connection, and what comes from it to standard output, until both have ended. The end of
 * input is the end of this half of the connection.
 *
 * @throws The error that the connection broke with.
 */
export const connectStdio = async (
  { stream, halfClose }: Connection,
  flags: ViewFlags,
  { terminal, output }: Context,
): Promise<void> => {
  const { stdin } = terminal
  const stop = new AbortController()
  stdin.pipe(stream, { end: halfClose })
  if (!halfClose) {
    stdin.once('end', () => {
      const giveUp = whenIdle(stream, PIPE_IDLE_MS, () => stream.end())
      stop.signal.addEventListener('abort', giveUp)
    })
  }
  try {
    await printReceived(stream, flags, output())
    await untilInputEnds(stdin, stream)
    stdin.unpipe(stream)
    if (!stream.writableEnded) stream.end()
    await finished(stream, { readable: false })
  } finally {
    stop.abort()
    stdin.unpipe(stream)
    // Reading from it no more lets the process end.
    stdin.pause()
    stream.destroy()
  }
}
