/** What a way to carry bytes has to offer. `@uds/stream/compliance` proves that one keeps to it. */
import type { EventEmitter } from 'node:events'
import type { OnReadOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PeerCredentials } from '@uds/winsock-ffi'
import type { Address } from './address/address.ts'

/** What a transport can do. The compliance suite, and programs, ask these instead of the transport's name. */
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
  /** `connect` fails with `ECONNREFUSED` or `ENOENT` where nobody listens. */
  readonly refuses: boolean
}

/**
 * Decides whether a peer may stay, before its first byte is read. What it throws, and any answer but true, refuses it.
 *
 * @param peer - Who connected, as the system vouches for it.
 * @param connection - The connection, of which nothing has been read.
 */
export type Authorize = (peer: PeerCredentials, connection: Duplex) => boolean | Promise<boolean>

/** Who may use a named pipe (Windows). */
export type PipeSecurity =
  /** The user of this process, and nobody from another machine. */
  | 'current-user'
  /** What Node does: everybody may read, and remote clients may connect. Works without koffi. */
  | 'os-default'
  /** A security descriptor in Microsoft's definition language; remote clients are refused. */
  | { readonly sddl: string }

export interface ConnectOptions {
  /** Gives up connecting; the promise rejects with the signal's reason. It has no effect on what is connected. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds that connecting may take; then `ETIMEDOUT`. No limit unless given. */
  readonly timeoutMs?: number | undefined
  /** Leave the writing half open when the peer ends its own, as `net.Socket` has it. False unless given. */
  readonly allowHalfOpen?: boolean | undefined
  /** Read into one buffer that is reused, as `net.Socket` has it; only where connections are `net.Socket`s. */
  readonly onread?: OnReadOpts | undefined
  /** TCP: send small writes at once. True unless given. */
  readonly noDelay?: boolean | undefined
  /** Named pipes: a half close that works; both ends must ask for it. */
  readonly halfClose?: boolean | undefined
  /** Named pipes: `os-default` connects by Node alone, and lets the server impersonate this user in full. */
  readonly security?: PipeSecurity | undefined
}

export interface ListenOptions {
  /** Gives up opening; the promise rejects with the signal's reason. It has no effect on what listens already. */
  readonly signal?: AbortSignal | undefined
  /** How many connections may wait in the system. 511 unless given; the system caps it. */
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
  /** AF_UNIX: remove the socket file of a server that died. True unless given. */
  readonly removeStale?: boolean | undefined
  /** Who may stay: `sameUser`, or a function. Nothing is read before it has answered. */
  readonly authorize?: 'sameUser' | Authorize | undefined
  /** Milliseconds that `authorize` may take for one peer, which is then refused. 5000 unless given. */
  readonly authorizeTimeoutMs?: number | undefined
  /**
   * How many peers may wait for `authorize`; more are refused. 128 unless given. A peer that leaves makes room at once,
   * but for AF_UNIX on Windows, where its time has to run out: a peer that is gone looks like one that has ended its half.
   */
  readonly maxAuthorizing?: number | undefined
  /** How many connections may be open at once; more are closed at once, which `drop` tells. No limit unless given. */
  readonly maxConnections?: number | undefined
  /** How many connections may wait for a `for await`; more are closed at once, which `drop` tells. 511 unless given. */
  readonly maxQueued?: number | undefined
  /** As {@link ConnectOptions.allowHalfOpen}, for every connection. */
  readonly allowHalfOpen?: boolean | undefined
  /** TCP: send small writes at once. True unless given. */
  readonly noDelay?: boolean | undefined
  /** Named pipes: a half close that works; both ends must ask for it. */
  readonly halfClose?: boolean | undefined
  /** Named pipes: who may connect. `current-user` unless given. */
  readonly security?: PipeSecurity | undefined
}

export interface CloseOptions {
  /**
   * Milliseconds that open connections have to end by themselves; then they are destroyed. 0 unless given; `Infinity`
   * waits for them.
   */
  readonly graceMs?: number | undefined
}

/** Why a connection was closed as soon as it came. */
export type DropReason = 'maxConnections' | 'maxQueued' | 'maxAuthorizing'

export interface ListenerEvents<C extends Duplex = Duplex> {
  /** A peer has connected, and was authorized. */
  connection: [connection: C]
  /**
   * A connection failed, or one could not be accepted or authorized. It never has to be listened to. `EMFILE` tells once
   * that accepting has paused until descriptors are free; who comes meanwhile waits.
   */
  connectionError: [error: Error, connection: C | undefined]
  /** A limit was reached, and a connection was closed for it. */
  drop: [reason: DropReason]
  /** `close` has given the address up: no peer can connect any more. Connections that are open go on. */
  stopped: []
  /** The listener and all of its connections are closed. */
  close: []
}

/**
 * Takes connections: by `for await`, or by the event `connection`. Those that come before either is there wait, up to
 * `maxQueued`.
 */
export interface Listener<C extends Duplex = Duplex>
  extends EventEmitter<ListenerEvents<C>>, AsyncIterable<C> {
  /** Where it listens; can be given to `connect`. */
  readonly address: string
  /** How many connections are open. */
  readonly connections: number
  /** Stops accepting, lets connections end for `graceMs`, then destroys them. Closing twice is no error. */
  close(options?: CloseOptions): Promise<void>
  /** Keeps the process alive (the default). */
  ref(): this
  /** Lets the process end although it listens. */
  unref(): this
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A way to carry bytes: connect and listen give Duplexes. What is written is what is read; there are no frames.
 * Addresses are in the words of {@link Address}, or, for a transport of your own, in its own.
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
