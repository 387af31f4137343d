/** UnixAddress: a path, an abstract name or nothing. */
import { invalidArgument, invalidValue } from '../errors/wrong-argument.ts'
import { SocketError } from '../errors/socket-error.ts'
import { escapeAbstractName } from './abstract-name.ts'
import { layout as thisSystem } from './layout.ts'
import { decodeUnix, encodeUnix, type SockaddrLayout } from './sockaddr.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const nameBytes = (where: string, name: string | Uint8Array): Uint8Array => {
  if (name instanceof Uint8Array) return Uint8Array.from(name)
  if (typeof name !== 'string') throw invalidArgument(where, 'the name', 'a string or a Uint8Array', name)
  // TextEncoder would turn it into U+FFFD, and so into another name.
  if (!name.isWellFormed()) throw invalidValue(where, 'the name', 'must not contain a lone surrogate', name)
  return encoder.encode(name)
}

const tooLong = (text: string, length: number, room: number, advice: string): SocketError =>
  new SocketError({
    code: 'ENAMETOOLONG',
    syscall: 'address',
    address: text,
    detail: `the name has ${length} bytes in UTF-8, and sun_path of this system holds ${room}`,
    advice,
  })

/**
 * The address of an AF_UNIX socket: a path, an abstract name (Linux) or nothing. Immutable.
 *
 * ## Platform behaviour
 * A path may have 107 bytes on Linux and Windows and 103 on macOS, as `sun_path` holds 108 and 104 with the NUL. On Linux one
 * of 108 bytes is connected to, as Perl, Ruby and Guile bind it; `sockets.bind` refuses it, as most clients cannot say it.
 * Abstract names exist on Linux only: Windows lets `bind` succeed with one and refuses every `connect`
 * (https://github.com/microsoft/WSL/issues/4240), so they are refused here.
 *
 * @see unix(7); https://devblogs.microsoft.com/commandline/af_unix-comes-to-windows/
 */
export class UnixAddress {
  readonly family = 'unix'
  readonly kind: 'path' | 'abstract' | 'unnamed'
  /** The bytes of the path, or of the abstract name without its leading NUL. */
  readonly bytes: Uint8Array

  private constructor(kind: 'path' | 'abstract' | 'unnamed', bytes: Uint8Array) {
    this.kind = kind
    this.bytes = bytes
  }

  /** The address that a socket has that was never bound. */
  static readonly unnamed: UnixAddress = new UnixAddress('unnamed', new Uint8Array(0))

  /**
   * An address in the file system. Relative paths are relative to the working directory of the call, as ever.
   *
   * @param path - A string, encoded in UTF-8 (on Windows too: afunix.h), or the very bytes.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for an empty path, a NUL or a lone surrogate.
   * @throws SocketError `ENAMETOOLONG` when it does not fit into `sun_path`.
   */
  static path(path: string | Uint8Array, layout: SockaddrLayout = thisSystem): UnixAddress {
    const where = 'UnixAddress.path'
    const bytes = nameBytes(where, path)
    if (bytes.length === 0) throw invalidValue(where, 'the path', 'must not be empty', path)
    if (bytes.includes(0)) {
      throw invalidValue(
        where,
        'the path',
        'must not contain a NUL; for an abstract name use UnixAddress.abstract',
        path,
      )
    }
    const room = layout.longestPath
    if (bytes.length > room) {
      const advice = 'use a shorter directory, or a path relative to the working directory'
      throw tooLong(decoder.decode(bytes), bytes.length, room, advice)
    }
    return new UnixAddress('path', bytes)
  }

  /**
   * A name in the abstract namespace of Linux: no file, gone with its last socket. Any bytes are allowed, NUL too.
   *
   * @throws SocketError `ENOTSUP` on macOS and Windows, `ENAMETOOLONG` for more than 107 bytes.
   */
  static abstract(name: string | Uint8Array, layout: SockaddrLayout = thisSystem): UnixAddress {
    const where = 'UnixAddress.abstract'
    const bytes = nameBytes(where, name)
    if (bytes.length === 0) throw invalidValue(where, 'the name', 'must not be empty', name)
    if (!layout.abstractNames) {
      throw new SocketError({
        code: 'ENOTSUP',
        syscall: 'address',
        address: `unix:@${decoder.decode(bytes)}`,
        detail: 'this system has no abstract socket names; only Linux has',
        advice: 'use a path',
      })
    }
    const room = layout.UNIX_PATH_MAX - 1
    if (bytes.length > room) throw tooLong(decoder.decode(bytes), bytes.length, room, 'use a shorter name')
    return new UnixAddress('abstract', bytes)
  }

  /** Reads a `sockaddr_un` of `bytes.length` bytes, as `getsockname` fills it in. */
  static decode(bytes: Uint8Array, layout: SockaddrLayout = thisSystem): UnixAddress {
    const name = decodeUnix(bytes, layout)
    if (name.length === 0) return UnixAddress.unnamed
    return name[0] === 0 ? new UnixAddress('abstract', name.slice(1)) : new UnixAddress('path', name)
  }

  /** The `sockaddr_un`, of exactly the length that `bind` and `connect` want. */
  encode(layout: SockaddrLayout = thisSystem): Uint8Array {
    if (this.kind !== 'abstract') return encodeUnix(this.bytes, layout)
    const name = new Uint8Array(this.bytes.length + 1)
    name.set(this.bytes, 1)
    return encodeUnix(name, layout)
  }

  /** The path as text, or undefined for an abstract or unnamed address. */
  get pathname(): string | undefined {
    return this.kind === 'path' ? decoder.decode(this.bytes) : undefined
  }

  /** `unix:PATH`, `unix:@NAME` or `unix:`. A path that begins with @ prints as `unix:./@...`. */
  toString(): string {
    const text = decoder.decode(this.bytes)
    if (this.kind === 'abstract') return `unix:@${escapeAbstractName(text)}`
    return `unix:${text.startsWith('@') ? './' : ''}${text}`
  }

  equals(other: unknown): boolean {
    return (
      other instanceof UnixAddress &&
      other.kind === this.kind &&
      Buffer.compare(other.bytes, this.bytes) === 0
    )
  }
}
