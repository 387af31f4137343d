/** The socket file of a bound socket: what its last owner removes, and a path that is too long for its address. */
import { resolve } from 'node:path'
import type { TransferToken } from '../threads/token.ts'
import type { UnixSocketAddr } from './address.ts'

export interface BoundFile {
  /** The file to remove. Absolute: the working directory may be another one by then. Undefined for none. */
  readonly path: string | undefined
  /** What identifies the file among others of the same name. */
  readonly identity: string | undefined
  /** The path, where the system knows another one: it does not fit into an address, or was taken over. */
  readonly longPath: string | undefined
}

/** The file as a token carries it, and back. */
export const packFile = (file: BoundFile | undefined): Readonly<Record<string, unknown>> => ({ ...file })

export const unpackFile = ({ details }: TransferToken): BoundFile | undefined =>
  Object.keys(details).length === 0 ? undefined : (details as unknown as BoundFile)

/** The file that bind has made, if it has. */
export const boundFile = (
  address: UnixSocketAddr,
  identity: string | undefined,
  { unlinkOnClose, takeOver }: { readonly unlinkOnClose: boolean; readonly takeOver: boolean },
): BoundFile | undefined => {
  const path = address.asPathname()
  if (path === undefined) return undefined
  const absolute = resolve(path)
  return {
    path: unlinkOnClose ? absolute : undefined,
    identity,
    // The system knows the name that was bound.
    longPath: address.isLong || takeOver ? absolute : undefined,
  }
}
