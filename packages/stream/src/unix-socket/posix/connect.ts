/** Connecting to AF_UNIX by node:net: paths, long paths, abstract names, and what is no socket. */
import { statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { SocketError, UnixAddress } from '@uds/winsock-ffi'
import {
  formatAddress,
  shortPath,
  type AbstractAddress,
  type ShortPath,
  type UnixTarget,
} from '@uds/winsock-ffi/internal'
import { toSocketError } from '../../errors/connection-error.ts'
import { connectNet } from '../../node-net/net-connect.ts'
import type { ConnectOptions } from '../../transport.ts'
import { describeFile } from './files.ts'

/**
 * An abstract name as node:net takes it.
 *
 * @throws SocketError `ENOTSUP` outside of Linux, `ENAMETOOLONG`.
 */
export const abstractPath = ({ abstract }: AbstractAddress): string => {
  UnixAddress.abstract(abstract)
  return `\0${abstract}`
}

/** The system refuses a file that is no socket as it refuses a socket without a server; macOS says ENOTSOCK. */
const explain = (error: unknown, path: string, address: string): unknown => {
  const { code } = error as SocketError
  if (code !== 'ECONNREFUSED' && code !== 'ENOTSOCK') return error
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found || found.isSocket()) return error
  return new SocketError({
    code,
    syscall: 'connect',
    address,
    detail: `the path names ${describeFile(found)}, not a socket`,
    advice: 'is the path right?',
    cause: error,
  })
}

const requireShortPath = (path: string, address: string): ShortPath => {
  try {
    return shortPath(path, 'connect')
  } catch (error) {
    throw toSocketError(error, 'connect', address)
  }
}

export const connectUnix = async (to: UnixTarget, options: ConnectOptions): Promise<Socket> => {
  const address = formatAddress(to)
  if ('abstract' in to) return await connectNet({ path: abstractPath(to) }, address, options)
  const target = requireShortPath(to.path, address)
  try {
    return await connectNet({ path: target.path }, address, options)
  } catch (error) {
    throw explain(error, to.path, address)
  } finally {
    target.close()
  }
}
