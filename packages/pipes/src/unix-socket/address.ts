import { invalidArgument, UnixAddress } from '@uds/winsock-ffi'
import type { SocketAddr } from '../blocking/socket-addr.ts'

/** The address of an AF_UNIX socket: Rust's `std::os::unix::net::SocketAddr`. Immutable. */
export class UnixSocketAddr implements SocketAddr {
  /** The address as `@uds/winsock-ffi` has it. */
  readonly address: UnixAddress

  private constructor(address: UnixAddress) {
    this.address = address
  }

  /** The address of a socket that was never bound. */
  static readonly unnamed: UnixSocketAddr = new UnixSocketAddr(UnixAddress.unnamed)

  /**
   * A path in the file system, taken as it is: `chat` is a file in the working directory.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for an empty path or a NUL; SocketError
   *   `ENAMETOOLONG` beyond 107 bytes (103 on macOS).
   */
  static fromPathname(path: string | Uint8Array): UnixSocketAddr {
    return new UnixSocketAddr(UnixAddress.path(path))
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

  isUnnamed(): boolean {
    return this.address.kind === 'unnamed'
  }

  asPathname(): string | undefined {
    return this.address.pathname
  }

  /** The abstract name, or undefined. */
  asAbstractName(): Uint8Array | undefined {
    return this.address.kind === 'abstract' ? this.address.bytes : undefined
  }

  equals(other: unknown): boolean {
    return other instanceof UnixSocketAddr && other.address.equals(this.address)
  }

  toString(): string {
    return this.address.toString()
  }
}

/** The address that a caller passed, of `@uds/winsock-ffi`. */
export const checkedUnixAddress = (address: UnixSocketAddr, where: string): UnixAddress => {
  if (address instanceof UnixSocketAddr) return address.address
  throw invalidArgument(where, 'the address', 'a UnixSocketAddr', address)
}
