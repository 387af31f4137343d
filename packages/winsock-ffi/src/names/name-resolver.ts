/** Where a bare name leads on each system: posix/name-address.ts and win32.ts. */
import type { PipeAddress, UnixPathAddress } from '../address-text/types.ts'

export interface NameResolver {
  /** Where a server of the name listens. Makes the directory that it needs. */
  serverAddress(name: string): UnixPathAddress | PipeAddress
  /** Where a client of the name connects to. Makes nothing. */
  clientAddress(name: string): UnixPathAddress | PipeAddress
  /** What to do when no server of the name is found. */
  advice(name: string): string
  /** Where names of this user are looked up, in words. */
  describe(): string
}
