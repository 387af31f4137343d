/** The socket file that the last owner of a socket removes. */
import { resolve } from 'node:path'
import type { UnixAddress } from '@uds/winsock-ffi'
import type { TransferToken } from '../threads/token.ts'

/** What the last owner has to know to remove the file. */
export interface FileToRemove {
  /** Absolute: the working directory may be another one by then. */
  readonly path: string
  readonly identity: string | undefined
}

/** The file as a token carries it, and back. */
export const packFile = (file: FileToRemove | undefined): Readonly<Record<string, unknown>> => ({ ...file })

export const unpackFile = ({ details }: TransferToken): FileToRemove | undefined =>
  typeof details['path'] === 'string'
    ? { path: details['path'], identity: details['identity'] as string | undefined }
    : undefined

/** The file that closing is to remove, if any. */
export const fileToRemove = (
  address: UnixAddress,
  identity: string | undefined,
  unlinkOnClose: boolean,
): FileToRemove | undefined =>
  unlinkOnClose && address.pathname !== undefined ? { path: resolve(address.pathname), identity } : undefined
