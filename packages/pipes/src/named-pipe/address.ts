/** WinPipeSocketAddr: the name of a pipe. */
import { invalidArgument, invalidValue, SocketError } from '@uds/winsock-ffi'
import { fullPipeName, parseAddress, type PipeAddress } from '@uds/winsock-ffi/internal'
import type { SocketAddr } from '../blocking/socket-addr.ts'
import { checkPipeName } from './pipe-name.ts'

const LOCAL = '\\\\.\\pipe\\'

/** The name of a Windows pipe: winpipe's `WinPipeSocketAddr`. Immutable. It can be made and checked on every system. */
export class WinPipeSocketAddr implements SocketAddr {
  readonly #name: string
  readonly #named: boolean

  private constructor(name: string, named: boolean) {
    this.#name = name
    this.#named = named
  }

  /** The address of both ends of a pair. */
  static readonly unnamed: WinPipeSocketAddr = new WinPipeSocketAddr('', false)

  /**
   * The full name of a pipe, `\\.\pipe\name`; `\\COMPUTER\pipe\name` for a pipe of another computer.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for a name that no pipe can have, with the reason: more than 256 characters, no
   *   two backslashes at the beginning, no computer name or one with `. \ / : * ? " < > |`, no `\pipe\` (small letters),
   *   no name behind it, a backslash in it, a NUL.
   */
  static fromPathname(name: string): WinPipeSocketAddr {
    checkPipeName(name)
    return new WinPipeSocketAddr(name, true)
  }

  /**
   * Takes an address of `@uds/stream`. Its name may have backslashes, as Windows takes them too.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for what is no address of a pipe.
   */
  static from(address: PipeAddress): WinPipeSocketAddr {
    const parsed = parseAddress(address, { where: 'WinPipeSocketAddr.from' })
    if (parsed.scheme === 'pipe') return new WinPipeSocketAddr(fullPipeName(parsed), true)
    throw invalidValue('WinPipeSocketAddr.from', 'the address', 'must be that of a pipe', address)
  }

  isUnnamed(): boolean {
    return !this.#named
  }

  asPathname(): string | undefined {
    return this.#named ? this.#name : undefined
  }

  /** True for `\\.\pipe\...`: only these can be bound. */
  isLocal(): boolean {
    return this.#name.startsWith(LOCAL)
  }

  equals(other: unknown): boolean {
    return other instanceof WinPipeSocketAddr && other.#named === this.#named && other.#name === this.#name
  }

  /** `pipe:name`; the full name for a pipe of another computer; `pipe:` when unnamed. */
  toString(): string {
    if (!this.#named) return 'pipe:'
    return this.isLocal() ? `pipe:${this.#name.slice(LOCAL.length)}` : this.#name
  }
}

/** The address of a pipe that exists, by its full name. */
export const addressOfPipe = (fullName: string): WinPipeSocketAddr =>
  WinPipeSocketAddr.from(parseAddress(fullName) as PipeAddress)

/** The name in an address that a caller passed. */
export const checkedPipeName = (address: WinPipeSocketAddr, where: string): string => {
  if (!(address instanceof WinPipeSocketAddr)) {
    throw invalidArgument(where, 'the address', 'a WinPipeSocketAddr', address)
  }
  const name = address.asPathname()
  if (name !== undefined) return name
  throw new SocketError({
    code: 'EADDRNOTAVAIL',
    syscall: where,
    address: 'pipe:',
    detail: 'the address is unnamed, and only a name can be found',
  })
}
