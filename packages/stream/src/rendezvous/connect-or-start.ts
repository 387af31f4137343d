/** connectOrStart: a command and its daemon, which the first command starts. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkOptions, invalidArgument, optionNames, SocketError } from '@uds/winsock-ffi'
import {
  Backoff,
  CONNECT_PAUSES,
  formatAddress,
  mayConnectLater,
  milliseconds,
  checkSignal,
} from '@uds/winsock-ffi/internal'
import type { Address, SocketAddressObject, SocketAddressText } from '@uds/winsock-ffi/internal'
import { connect, type ConnectDoorOptions } from '../connect.ts'
import { throwIfAborted } from '../errors/connection-error.ts'
import type { Listener } from '../transport.ts'
import { listenOrConnect } from './listen-or-connect.ts'
import { Started, type Start } from './started.ts'

export interface ConnectOrStartOptions {
  /**
   * The program that listens at the address. A command runs in the background, without this process's standard streams;
   * a function returns the child that it has started, with the streams and the environment of its choice.
   */
  readonly start: Start
  /** Milliseconds from the start until the program must accept connections. @default 10_000 */
  readonly timeoutMs?: number | undefined
  /** Options of `connect`. */
  readonly connect?: Omit<ConnectDoorOptions, 'signal' | 'retryUntilMs'> | undefined
  /** Ends the attempt, and a program that it has started; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const OPTIONS = optionNames<ConnectOrStartOptions>({
  start: true,
  timeoutMs: true,
  connect: true,
  signal: true,
})

const requireStart = (start: unknown): void => {
  if (typeof start === 'function') return
  if (Array.isArray(start) && start.length > 0 && start.every((each) => typeof each === 'string')) return
  throw invalidArgument(
    'connectOrStart',
    'start',
    "['command', ...arguments], or a function that returns a child",
    start,
  )
}

/** The name at which those meet who find no server: one of them starts it, the others wait for the first. */
const meetingPlace = (address: string): `name:${string}` => {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return `name:starting-${createHash('sha256').update(address).digest('hex').slice(0, 32)}`
}

/** What the process that has started the program says to those who wait: nothing when it went well. */
const report = (error: SocketError): string => JSON.stringify({ code: error.code, message: error.message })

const reported = (address: string, said: string): SocketError => {
  const { code, message } = JSON.parse(said) as { code: string; message: string }
  return new SocketError({
    code,
    syscall: 'start',
    address,
    detail: `another process has tried to start it at the same time, and failed: ${message}`,
  })
}

type Attempt = () => Promise<Duplex>

/** Undefined where no server is there yet. */
const tryConnect = async (attempt: Attempt): Promise<Duplex | undefined> => {
  try {
    return await attempt()
  } catch (error) {
    if (mayConnectLater(error)) return undefined
    throw error
  }
}

const startAndConnect = async (
  address: string,
  attempt: Attempt,
  start: Start,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Duplex> => {
  const started = new Started(start, address)
  const end = performance.now() + timeoutMs
  const backoff = new Backoff(CONNECT_PAUSES)
  try {
    for (;;) {
      const connection = await tryConnect(attempt)
      if (connection) {
        started.release()
        return connection
      }
      if (started.failure) throw started.failure
      if (performance.now() >= end) throw started.late(address, timeoutMs)
      // An aborted wait rejects with an AbortError of Node's; the promise is the signal's reason.
      await sleep(backoff.next(), undefined, signal && { signal }).catch(() => {})
      throwIfAborted(signal)
    }
  } catch (error) {
    started.end()
    throw error
  }
}

/** Holds the meeting place while the program starts, and says to those who wait there how it went. */
const asStarter = async (listener: Listener, startIt: () => Promise<Duplex>): Promise<Duplex> => {
  const waiting = new Set<Duplex>()
  listener.on('connection', (each) => waiting.add(each.on('error', () => {})))
  let said = ''
  try {
    return await startIt()
  } catch (error) {
    if (error instanceof SocketError) said = report(error)
    throw error
  } finally {
    for (const each of waiting) each.end(said)
    void listener.close({ graceMs: 1000 })
  }
}

/**
 * Connects; where nobody listens, starts the program that will, and waits until it does. However many processes call
 * this at once, the program is started once. It outlives this process.
 *
 * @example
 * ```ts
 * const connection = await connectOrStart('name:my-daemon', { start: [process.execPath, daemonScript] })
 * ```
 *
 * @param address - As for `connect`: the program must listen there.
 * @throws SocketError `ECHILD` when the program ends with an exit code before it listens, `ENOENT`, `EACCES` when it cannot
 *   be started, `ETIMEDOUT` when it does not listen in time, and is ended; each with the last lines that it has written to
 *   standard error. What `connect` throws for a server that refuses. The signal's reason.
 */
export function connectOrStart(
  address: SocketAddressText | SocketAddressObject,
  options: ConnectOrStartOptions,
): Promise<Socket>
export function connectOrStart(address: string | Address, options: ConnectOrStartOptions): Promise<Duplex>
export async function connectOrStart(
  address: string | Address,
  options: ConnectOrStartOptions,
): Promise<Duplex> {
  checkOptions(options, 'connectOrStart', OPTIONS)
  const { start, signal } = options
  requireStart(start)
  checkSignal('connectOrStart', signal)
  const timeoutMs = milliseconds('connectOrStart', 'timeoutMs', options.timeoutMs, 10_000)
  const attempt: Attempt = () => connect(address, { ...options.connect, signal })
  const where = typeof address === 'string' ? address : formatAddress(address)
  for (;;) {
    const connection = await tryConnect(attempt)
    if (connection) return connection
    const place = await listenOrConnect(meetingPlace(where), { signal })
    if (place.role === 'server') {
      return await asStarter(
        place.listener,
        async () =>
          (await tryConnect(attempt)) ?? (await startAndConnect(where, attempt, start, timeoutMs, signal)),
      )
    }
    const { text } = process.getBuiltinModule('node:stream/consumers')
    const said = await text(place.connection).catch(() => '')
    throwIfAborted(signal)
    if (said !== '') throw reported(where, said)
  }
}
