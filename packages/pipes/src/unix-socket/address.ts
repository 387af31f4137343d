/** UnixSocketAddr: a path, an abstract name or nothing. */
import { isUtf8 } from 'node:buffer'
import { invalidArgument, SocketError, UNIX_PATH_MAX, UnixAddress } from '@uds/winsock-ffi'
import { requireReachablePath } from '@uds/winsock-ffi/internal'
import type { SocketAddr } from '../blocking/socket-addr.ts'

/** A path that is too long for an address, as text. @throws What `UnixAddress.path` threw, for one that is no text. */
const longPathOf = (path: string | Uint8Array, cause: unknown): string => {
  if (typeof path !== 'string' && !isUtf8(path)) throw cause
  const text = typeof path === 'string' ? path : Buffer.from(path).toString()
  requireReachablePath(text, 'address')
  return text
}

/** The address of an AF_UNIX socket: Rust's `std::os::unix::net::SocketAddr`. Immutable. */
export class UnixSocketAddr implements SocketAddr {
  readonly #address: UnixAddress | undefined
  /** A path that does not fit into sun_path, and is reached by a shorter one. */
  readonly #longPath: string | undefined

  private constructor(address: UnixAddress | undefined, longPath?: string) {
    this.#address = address
    this.#longPath = longPath
  }

  /** The address of a socket that was never bound. */
  static readonly unnamed: UnixSocketAddr = new UnixSocketAddr(UnixAddress.unnamed)

  /**
   * A path in the file system, taken as it is: `chat` is a file in the working directory.
   *
   * ## Platform behaviour
   * 107 bytes fit into an address (103 on macOS), and 108 on Linux to connect. A longer path works where the one from the working directory fits, and
   * on Linux in any directory, if its last part has at most 88 bytes.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for an empty path or a NUL; SocketError
   *   `ENAMETOOLONG` with the number of bytes.
   */
  static fromPathname(path: string | Uint8Array): UnixSocketAddr {
    try {
      const address = UnixAddress.path(path)
      // One that fills sun_path is connected to as it is, and bound by a shorter one.
      const fills = address.bytes.length === UNIX_PATH_MAX && isUtf8(address.bytes)
      return new UnixSocketAddr(address, fills ? address.pathname : undefined)
    } catch (error) {
      if (!(error instanceof SocketError)) throw error
      return new UnixSocketAddr(undefined, longPathOf(path, error))
    }
  }

  /**
   * A name outside the file system, which is gone with its last socket.
   *
   * ## Platform behaviour
   * Linux only; elsewhere SocketError `ENOTSUP`.
   */
  static fromAbstractName(name: string | Uint8Array): UnixSocketAddr {
    return new UnixSocketAddr(UnixAddress.abstract(name))
  }

  /** Wraps an address of `@uds/winsock-ffi`. */
  static from(address: UnixAddress): UnixSocketAddr {
    if (address instanceof UnixAddress) return new UnixSocketAddr(address)
    throw invalidArgument('UnixSocketAddr.from', 'the address', 'a UnixAddress', address)
  }

  /**
   * The address as `@uds/winsock-ffi` has it.
   *
   * @throws SocketError `ENAMETOOLONG` for a path that does not fit into it.
   */
  get address(): UnixAddress {
    return this.#address ?? UnixAddress.path(this.#longPath ?? '')
  }

  /** Whether the path is too long for {@link address}: the calls of this package reach it by a shorter one. */
  get isLong(): boolean {
    return this.#longPath !== undefined
  }

  isUnnamed(): boolean {
    return this.#address?.kind === 'unnamed'
  }

  asPathname(): string | undefined {
    return this.#longPath ?? this.#address?.pathname
  }

  /** The abstract name, or undefined. */
  asAbstractName(): Uint8Array | undefined {
    return this.#address?.kind === 'abstract' ? this.#address.bytes : undefined
  }

  equals(other: unknown): boolean {
    if (!(other instanceof UnixSocketAddr)) return false
    if (this.#address === undefined) return other.#longPath === this.#longPath
    return other.#address !== undefined && other.#address.equals(this.#address)
  }

  toString(): string {
    return this.#address?.toString() ?? `unix:${this.#longPath}`
  }
}

/** The address that a caller passed. */
export const checkedUnixAddr = (address: UnixSocketAddr, where: string): UnixSocketAddr => {
  if (address instanceof UnixSocketAddr) return address
  throw invalidArgument(where, 'the address', 'a UnixSocketAddr', address)
}
