/** openUnixConnection, startUnixServer, WindowsUnixServer. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { invalidArgument, invalidValue, SocketError } from '@uds/winsock-ffi'
import { integer, LONGEST_TIMER } from '@uds/winsock-ffi/internal'
import { connect, type ConnectDoorOptions } from '../connect.ts'
import { peerCredentials } from '../peer/credentials.ts'
import { listen } from '../listen.ts'
import type { CloseOptions, Listener, ListenOptions } from '../transport.ts'
import { StreamReader, type StreamReaderOptions } from './reader.ts'
import { StreamWriter } from './writer.ts'

/**
 * Serves one client. The callback owns the writer, and closes it. The server reports a rejection of the promise that
 * it returns to `onError`, and does not wait for it otherwise.
 */
export type ClientConnected = (reader: StreamReader, writer: StreamWriter) => unknown

/** The `backlog` of asyncio's servers. */
const DEFAULT_BACKLOG = 100

/** sizeof(sun_path) of Windows and Linux; the NUL at its end is one of them. */
const UNIX_PATH_MAX = 108

/** One limit for every system and every way to connect, so that a path that works on one system works on all. */
const checkedPath = (path: string, where: string): string => {
  if (typeof path !== 'string') throw invalidArgument(where, 'the path', 'a string', path)
  if (path.length === 0) throw invalidValue(where, 'the path', 'must not be empty', path)
  const length = Buffer.byteLength(path)
  if (length < UNIX_PATH_MAX) return path
  throw new SocketError({
    code: 'ENAMETOOLONG',
    syscall: where,
    address: `unix:${path}`,
    detail: `the path has ${length} bytes in UTF-8, and an AF_UNIX address holds ${UNIX_PATH_MAX - 1}`,
    advice: 'use a shorter directory, or a path relative to the working directory',
  })
}

export interface OpenUnixConnectionOptions
  extends Omit<ConnectDoorOptions, 'transport'>, StreamReaderOptions {}

/**
 * Connects to an AF_UNIX server: asyncio's `open_unix_connection`. Through `node:net` where that has AF_UNIX, on
 * Windows through Winsock. A bare word is a relative path.
 *
 * @returns A reader and a writer of the connection.
 * @throws SocketError `ENAMETOOLONG` for a path of 108 bytes in UTF-8 or more, before any call; `ENOENT`,
 *   `ECONNREFUSED`, `EACCES`, `ETIMEDOUT`; `EAFNOSUPPORT` or `ENOTSUP` where Windows or the engine has no AF_UNIX.
 */
export const openUnixConnection = async (
  path: string,
  options: OpenUnixConnectionOptions = {},
): Promise<[StreamReader, StreamWriter]> => {
  const checked = checkedPath(path, 'openUnixConnection')
  const { limit, ...rest } = options
  // Half open, as in asyncio: after the peer's end the reply can still be written.
  const connection = await connect({ scheme: 'unix', path: checked }, { allowHalfOpen: true, ...rest })
  const extra = { peername: () => path, sockname: () => '', peercred: () => peerCredentials(connection) }
  return [new StreamReader(connection, { limit }), new StreamWriter(connection, extra)]
}

export interface UnixServerOptions extends Omit<ListenOptions, 'allowHalfOpen'>, StreamReaderOptions {
  /** Connections that may wait for accept, as in asyncio. @default 100 */
  readonly backlog?: number | undefined
  /**
   * Called with an error that the callback throws, and with the error of a connection that fails before the callback
   * has it. The other connections go on.
   * @default a warning of the process (`UDS_CLIENT_ERROR`)
   */
  readonly onError?: ((error: Error, writer: StreamWriter | undefined) => void) | undefined
}

const warn = (error: Error): void => {
  process.emitWarning(`a client of an AF_UNIX server was not served: ${error.stack ?? error.message}`, {
    type: 'UnixServerWarning',
    code: 'UDS_CLIENT_ERROR',
  })
}

/**
 * An AF_UNIX server with asyncio's readers and writers, on every system. The name is that of AIoWUDS, which brought
 * AF_UNIX to asyncio on Windows. {@link startUnixServer} makes and starts one.
 *
 * @example
 * ```ts
 * const server = new WindowsUnixServer('./test.sock')
 * await server.start(async (reader, writer) => {
 *   for await (const line of reader) writer.write(line)
 *   writer.close()
 * })
 * ```
 */
export class WindowsUnixServer {
  /** The path of its socket. */
  readonly path: string
  readonly #options: UnixServerOptions
  #listener: Listener | undefined
  #starting: Promise<this> | undefined
  #closed: Promise<void> | undefined
  readonly #ended = Promise.withResolvers<void>()

  /**
   * @throws TypeError for a wrong path; SocketError `ENAMETOOLONG` for one of 108 bytes in UTF-8 or more; RangeError
   *   for a wrong backlog or limit.
   */
  constructor(path: string, options: UnixServerOptions = {}) {
    this.path = checkedPath(path, 'WindowsUnixServer')
    this.#options = {
      ...options,
      backlog: integer(
        'WindowsUnixServer',
        'the backlog',
        options.backlog ?? DEFAULT_BACKLOG,
        1,
        LONGEST_TIMER,
      ),
    }
  }

  /**
   * Listens, and calls back for every client.
   *
   * @returns This server, when clients can connect.
   * @throws SocketError `EADDRINUSE` when another server listens there (the file of a dead one is removed), `EACCES`,
   *   `ENOENT` without its directory; `ENOTSUP` or `EAFNOSUPPORT` where AF_UNIX cannot work, before a file exists;
   *   `EBADF` after `close`.
   */
  start(callback: ClientConnected): Promise<this> {
    if (typeof callback !== 'function')
      return Promise.reject(
        invalidArgument('WindowsUnixServer.start', 'the callback', 'a function', callback),
      )
    if (this.#starting || this.#closed) {
      const busy = new Error(`WindowsUnixServer.start: it was ${this.#closed ? 'closed' : 'started'} already`)
      return Promise.reject(Object.assign(busy, { code: 'ERR_INVALID_STATE' }))
    }
    this.#starting = this.#start(callback)
    // A start that failed can be tried again.
    this.#starting.catch(() => (this.#starting = undefined))
    return this.#starting
  }

  /** True while clients can connect. */
  isServing(): boolean {
    return this.#listener !== undefined && this.#closed === undefined
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#listener?.connections ?? 0
  }

  /**
   * Stops accepting and removes the socket file. Open connections go on, as in asyncio; with `graceMs` they are destroyed
   * after so many milliseconds. Closing twice is no error.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(options)
    // `onError` reports it too.
    this.#closed.catch(() => {})
    return this.#closed
  }

  /** Waits until the server is closed and its last connection has ended. */
  waitClosed(): Promise<void> {
    return this.#ended.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ graceMs: 0 })
  }

  async #start(callback: ClientConnected): Promise<this> {
    const { limit: _limit, onError, ...options } = this.#options
    const listener = await listen({ scheme: 'unix', path: this.path }, { ...options, allowHalfOpen: true })
    this.#listener = listener
    listener.once('close', () => this.#ended.resolve())
    listener.on('connectionError', (error, connection) => {
      // Once a callback has the connection, its reader and writer throw the error.
      if (connection === undefined) (onError ?? warn)(error, undefined)
    })
    listener.on('connection', (connection) => this.#serve(callback, connection))
    return this
  }

  #serve(callback: ClientConnected, connection: Duplex): void {
    const { limit, onError = warn } = this.#options
    const extra = {
      peername: () => '',
      sockname: () => this.path,
      peercred: () => peerCredentials(connection),
    }
    const reader = new StreamReader(connection, { limit })
    const writer = new StreamWriter(connection, extra)
    const call = async (): Promise<void> => {
      await callback(reader, writer)
    }
    call().catch((error: unknown) => {
      writer.close()
      onError(error instanceof Error ? error : new Error(String(error), { cause: error }), writer)
    })
  }

  async #close(options: CloseOptions): Promise<void> {
    await this.#starting?.catch(() => {})
    if (!this.#listener) return this.#ended.resolve()
    const stopped = once(this.#listener, 'stopped')
    const ended = this.#listener.close({ graceMs: options.graceMs ?? Infinity })
    // Without graceMs the callbacks own the connections.
    await (options.graceMs === undefined ? stopped : ended)
  }
}

/**
 * Starts an AF_UNIX server: asyncio's `start_unix_server`. A bare word is a relative path.
 *
 * @throws As {@link WindowsUnixServer} and its `start`.
 */
export const startUnixServer = async (
  callback: ClientConnected,
  path: string,
  options: UnixServerOptions = {},
): Promise<WindowsUnixServer> => new WindowsUnixServer(path, options).start(callback)
