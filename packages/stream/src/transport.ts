/** Transport, Listener and their options. `@uds/stream/compliance` proves that a transport keeps the contract. */
import type { EventEmitter } from 'node:events'
import type { OnReadOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PeerCredentials } from '@uds/winsock-ffi'
import type { Address } from '@uds/winsock-ffi/internal'

/** The abilities of a transport. The compliance suite and programs read these instead of the transport's name. */
export interface TransportCapabilities {
  /** {@link Transport.listen} works here. */
  readonly listen: boolean
  /** Connections are `net.Socket`s. */
  readonly netSocket: boolean
  /** After `end()` the peer reads the end of the stream and can still answer, for as long as it likes. */
  readonly halfClose: boolean
  /** `peerCredentials` works, and with it `authorize`. */
  readonly credentials: boolean
  /** A second `listen` on an address in use fails with `EADDRINUSE`. */
  readonly exclusive: boolean
  /** `connect` fails with `ECONNREFUSED` or `ENOENT` where no server listens. */
  readonly refuses: boolean
}

/**
 * Decides whether a peer may stay, before its first byte is read. An error, and any answer but true, refuses the peer.
 *
 * @param peer - Who connected, as the system vouches for it.
 * @param connection - The connection, of which nothing has been read.
 */
export type Authorize = (peer: PeerCredentials, connection: Duplex) => boolean | Promise<boolean>

/** Who may use a named pipe (Windows). */
export type PipeSecurity =
  /** The user of this process, from this machine. */
  | 'current-user'
  /** Node's default: every user may read, and remote clients may connect. Works without koffi. */
  | 'os-default'
  /** A security descriptor in Microsoft's definition language; remote clients are refused. */
  | { readonly sddl: string }

export interface ConnectOptions {
  /** Stops connecting; the promise rejects with the signal's reason. It has no effect on an open connection. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds that connecting may take; then `ETIMEDOUT`. @default Infinity */
  readonly timeoutMs?: number | undefined
  /** Leave the writing half open when the peer ends its half, as `net.Socket` has it. @default false */
  readonly allowHalfOpen?: boolean | undefined
  /** Read into one buffer that is reused, as `net.Socket` has it; only where connections are `net.Socket`s. */
  readonly onread?: OnReadOpts | undefined
  /** TCP: send small writes at once. @default true */
  readonly noDelay?: boolean | undefined
  /** Named pipes: a half close that works; both ends must ask for it. */
  readonly halfClose?: boolean | undefined
  /** Named pipes: `os-default` connects by Node alone, and lets the server impersonate this user in full. */
  readonly security?: PipeSecurity | undefined
}

export interface ListenOptions {
  /** Stops opening; the promise rejects with the signal's reason. It has no effect on an open listener. */
  readonly signal?: AbortSignal | undefined
  /** Connections that may wait in the system, 1 or more; the system caps it. @default 511 */
  readonly backlog?: number | undefined
  /** AF_UNIX: the permissions of the socket file, such as 0o600, whatever the umask. */
  readonly mode?: number | undefined
  /** AF_UNIX on POSIX: the owner of the socket file, which takes the rights to change it. */
  readonly uid?: number | undefined
  /** AF_UNIX on POSIX: the group of the socket file. */
  readonly gid?: number | undefined
  /**
   * AF_UNIX: take the address from a listener that is alive. No connection of this package's clients is lost; on Windows
   * others find no file for an instant.
   */
  readonly takeOver?: boolean | undefined
  /** AF_UNIX: remove the socket file of a server that died. @default true */
  readonly removeStale?: boolean | undefined
  /**
   * In a worker process of node:cluster: listen alone. Otherwise the workers of one primary process that listen at the same
   * address share its socket, and each connection goes to one of them, as `net.Server` has it: paths, TCP and the
   * descriptors of the primary process (`fd:N`); named pipes of Windows too. No effect elsewhere.
   *
   * @see https://nodejs.org/api/cluster.html
   * @default false
   */
  readonly exclusive?: boolean | undefined
  /** Which peers may stay: `sameUser`, or a function. No byte is read before its answer. @default every peer */
  readonly authorize?: 'sameUser' | Authorize | undefined
  /** Milliseconds that `authorize` may take for one peer, which is then refused. @default 5000 */
  readonly authorizeTimeoutMs?: number | undefined
  /**
   * Peers that may wait for `authorize`; more are refused. A peer that leaves makes room at once, except with AF_UNIX on
   * Windows, where it looks like a peer that has ended its half, and its time must run out.
   * @default 128
   */
  readonly maxAuthorizing?: number | undefined
  /** Connections that may be open at once; more are closed at once, with the event `drop`. @default Infinity */
  readonly maxConnections?: number | undefined
  /** Connections that may wait for a `for await`; more are closed at once, with the event `drop`. @default 511 */
  readonly maxQueued?: number | undefined
  /** As {@link ConnectOptions.allowHalfOpen}, for every connection. */
  readonly allowHalfOpen?: boolean | undefined
  /** TCP: send small writes at once. @default true */
  readonly noDelay?: boolean | undefined
  /** Named pipes: a half close that works; both ends must ask for it. */
  readonly halfClose?: boolean | undefined
  /** Named pipes: the users that may connect. @default 'current-user' */
  readonly security?: PipeSecurity | undefined
}

export interface CloseOptions {
  /**
   * Milliseconds that open connections have to end by themselves; then they are destroyed. `Infinity` waits for them.
   * @default 0
   */
  readonly graceMs?: number | undefined
}

/** The limit for which a new connection was closed. */
export type DropReason = 'maxConnections' | 'maxQueued' | 'maxAuthorizing'

export interface ListenerEvents<C extends Duplex = Duplex> {
  /** A peer has connected, and was authorized. */
  connection: [connection: C]
  /**
   * A connection failed, or one could not be accepted or authorized. A listener for it is optional. `EMFILE` is emitted
   * once when accepting pauses until descriptors are free; new peers wait meanwhile.
   */
  connectionError: [error: Error, connection: C | undefined]
  /** A connection was closed because of a limit. */
  drop: [reason: DropReason]
  /**
   * The socket file no longer leads to this listener: nothing has its name (`removed`, as by a cleaner of /tmp), or
   * another file has it (`replaced`, as by a successor). No client can connect until {@link Listener.relink}. The
   * listener looks once a second while the event has a listener. AF_UNIX with a path.
   */
  unlinked: [cause: 'removed' | 'replaced']
  /** `close` has freed the address: no peer can connect any more. Open connections go on. */
  stopped: []
  /** The listener and all of its connections are closed. */
  close: []
}

/**
 * Accepts connections, for a `for await` or the event `connection`. Earlier connections wait for one of the two, up to
 * `maxQueued`.
 */
export interface Listener<C extends Duplex = Duplex>
  extends EventEmitter<ListenerEvents<C>>, AsyncIterable<C> {
  /** Its address, which `connect` takes. */
  readonly address: string
  /** Number of open connections. */
  readonly connections: number
  /**
   * Makes the socket file again after `unlinked`; has no effect while the file leads here, and without a file. Open
   * connections go on.
   *
   * @throws SocketError `EADDRINUSE` when another server has the path by now, and as `listen`; `EBADF` after `close`. A
   *   rejection without a handler does not end the process: `connectionError` reports it too.
   */
  relink(): Promise<void>
  /**
   * Stops accepting, lets connections end for `graceMs`, then destroys them. Closing twice is no error.
   *
   * @throws SocketError `EACCES`, `EPERM`, `EROFS` when the socket file stays because this user may not remove it (any
   *   more): the listener is closed all the same. A rejection without a handler does not end the process:
   *   `connectionError` reports it too.
   */
  close(options?: CloseOptions): Promise<void>
  /** Keeps the process alive (the default). */
  ref(): this
  /** Lets the process end although it listens. */
  unref(): this
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A way to carry bytes: connect and listen make Duplexes. The bytes written are the bytes read, without frames.
 * Addresses have the form of {@link Address}; a transport of another package may have its own.
 */
export interface Transport<C extends Duplex = Duplex> {
  /** For messages: `unix`, `tls(unix)`. */
  readonly name: string
  readonly capabilities: TransportCapabilities
  /** Resolves when bytes can be sent. A rejection leaves nothing open. */
  connect(address: string | Address, options?: ConnectOptions): Promise<C>
  /** Resolves when peers can connect. A rejection leaves nothing behind. */
  listen(address: string | Address, options?: ListenOptions): Promise<Listener<C>>
}
