/** Standard input and output over a connection. */
import { finished } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import type { Connection } from '../connection/transport.ts'
import type { Context } from '../terminal/context.ts'
import { whenIdle, whenIdleAfterWrites } from './idle.ts'
import { printReceived, type ViewFlags } from './received-bytes.ts'

/** After the peer has ended: how long input may pause before it counts as ended. */
const INPUT_IDLE_MS = 500

const isTerminal = (stream: Readable): boolean => (stream as { isTTY?: boolean }).isTTY === true

/** Whether reading standard input keeps the process alive, where it is a pipe, a socket or a terminal. */
const keepAlive = (stdin: Readable, on: boolean): void => {
  const { ref, unref } = stdin as { ref?: () => void; unref?: () => void }
  ;(on ? ref : unref)?.call(stdin)
}

/** Resolves when input has ended, has paused for long, or comes from a person, who does not know that it still counts. */
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

/** What the end of standard input does to the connection. */
export interface EndOfInput {
  /** Ends this half at once. */
  readonly halfClose: boolean
  /**
   * Ends this half, and at last the command, when the peer has sent nothing for so many milliseconds. Undefined waits for the
   * peer's end.
   */
  readonly idleMs: number | undefined
}

/**
 * Waits after the end of input: many servers (ssh-agent, those of Go's net/http) drop a request whose client has half
 * closed. A server that answers only then is served, too: it has the same time again after this half has ended.
 *
 * @returns `idle` resolves when the peer has been silent in both; `stop` ends the waiting.
 */
const endWhenIdle = (
  input: Readable,
  { stream }: Connection,
  { halfClose, idleMs }: EndOfInput,
): { readonly idle: Promise<void>; stop(): void } => {
  const idle = Promise.withResolvers<void>()
  let stopTimer: (() => void) | undefined
  let stopped = false
  const wait = (then: () => void): void => {
    if (idleMs !== undefined && !stopped) stopTimer = whenIdle(stream, idleMs, then)
  }
  const endHalf = (): void => {
    stream.end()
    wait(idle.resolve)
  }
  const onEnd = (): void => {
    if (halfClose) endHalf()
    else if (idleMs !== undefined) stopTimer = whenIdleAfterWrites(stream, idleMs, endHalf)
  }
  if (input.readableEnded) onEnd()
  else input.once('end', onEnd)
  return {
    idle: idle.promise,
    stop: () => {
      stopped = true
      input.off('end', onEnd)
      stopTimer?.()
    },
  }
}

/**
 * Copies standard input to the connection, and the connection to standard output, until the peer has ended, or is idle after
 * the end of input.
 *
 * @throws The error that the connection broke with.
 */
export const connectStdio = async (
  connection: Connection,
  endOfInput: EndOfInput,
  flags: ViewFlags,
  { terminal, output }: Context,
): Promise<void> => {
  const { stdin } = terminal
  const { stream } = connection
  keepAlive(stdin, true)
  stdin.pipe(stream, { end: false })
  const end = endWhenIdle(stdin, connection, endOfInput)
  const received = printReceived(stream, flags, output()).then(() => true)
  try {
    const peerEnded = await Promise.race([received, end.idle.then(() => false)])
    if (!peerEnded) return
    await untilInputEnds(stdin, stream)
    stdin.unpipe(stream)
    if (!stream.writableEnded) stream.end()
    await finished(stream, { readable: false })
  } finally {
    end.stop()
    // The iteration of a destroyed stream rejects; its bytes are printed already.
    received.catch(() => {})
    stdin.unpipe(stream)
    // A pipe that was unpiped by an error of its destination reads on, though paused, and would keep the process alive.
    stdin.pause()
    keepAlive(stdin, false)
    stream.destroy()
  }
}
