/** AF_UNIX by node:net. */
import { chmodSync, lchownSync, lstatSync, statSync, type Stats } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, isAbsolute } from 'node:path'
import { SocketError, UnixAddress } from '@uds/winsock-ffi'
import { formatAddress, type AbstractAddress, type UnixTarget } from '@uds/winsock-ffi/internal'
import { checkListenOptions, refuseFileOptions } from '../../options/check-options.ts'
import { toSocketError } from '../../errors/connection-error.ts'
import { ConnectionListener } from '../../listener/connection-listener.ts'
import type { ConnectOptions, Listener, ListenOptions } from '../../transport.ts'
import { connectNet } from '../../node-net/net-connect.ts'
import { listenNet } from '../../node-net/net-listen.ts'
import { publish, describeFile, unpublish } from './publish.ts'
import { temporaryPath } from './temporary-path.ts'
import { shortPath } from './short-path.ts'

/** What node:net takes for an abstract name, which is checked first: ENOTSUP but on Linux, ENAMETOOLONG. */
const abstractPath = ({ abstract }: AbstractAddress): string => {
  UnixAddress.abstract(abstract)
  return `\0${abstract}`
}

/** The system refuses a file that is no socket as it does a socket that nobody has; macOS says ENOTSOCK. */
const refused = (error: unknown, path: string, address: string): unknown => {
  const { code } = error as SocketError
  if (code !== 'ECONNREFUSED' && code !== 'ENOTSOCK') return error
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found || found.isSocket()) return error
  const detail = `the path names ${describeFile(found)}, not a socket`
  return new SocketError({
    code,
    syscall: 'connect',
    address,
    detail,
    advice: 'is the path right?',
    cause: error,
  })
}

export const connectUnix = async (to: UnixTarget, options: ConnectOptions): Promise<Socket> => {
  const address = formatAddress(to)
  if ('abstract' in to) return await connectNet({ path: abstractPath(to) }, address, options)
  const target = shortPath(to.path, 'connect')
  try {
    return await connectNet({ path: target.path }, address, options)
  } catch (error) {
    throw refused(error, to.path, address)
  } finally {
    target.close()
  }
}

const listenAbstract = (at: AbstractAddress, options: ListenOptions): Promise<Listener<Socket>> => {
  const address = formatAddress(at)
  return listenNet({ listen: { path: abstractPath(at) }, address, addressOf: () => () => address }, options)
}

const setOwner = (file: string, { uid, gid, mode }: ListenOptions, address: string): void => {
  try {
    if (uid !== undefined || gid !== undefined) lchownSync(file, uid ?? -1, gid ?? -1)
    if (mode !== undefined) chmodSync(file, mode)
  } catch (error) {
    throw toSocketError(error, uid !== undefined || gid !== undefined ? 'lchown' : 'chmod', address)
  }
}

/** libuv says EACCES for a directory that is not there (uv_pipe_bind2, src/unix/pipe.c); looking at it tells. */
const lookedUp = (error: unknown, path: string): unknown => {
  if ((error as NodeJS.ErrnoException).code !== 'EACCES') return error
  try {
    statSync(dirname(path))
    return error
  } catch (found) {
    return (found as NodeJS.ErrnoException).code === 'ENOENT' ? found : error
  }
}

/**
 * The socket is bound under a private name and gets its public one when it listens and has its mode and owner. So a
 * client never finds a name where nobody listens yet, or one with the wrong mode; the umask of the process is not
 * touched; taking over is one rename(2); and what libuv removes when the server closes is the private name, which is
 * gone by then, and never a successor's (https://github.com/nodejs/node/issues/19729).
 */
const listenPath = async (given: string, options: ListenOptions): Promise<Listener<Socket>> => {
  // What was meant stays the same when the working directory changes. `..` is left to the system, as links matter.
  const path = isAbsolute(given) ? given : `${process.cwd()}/${given.replace(/^\.\/+/, '')}`
  const address = formatAddress({ scheme: 'unix', path })
  const listener = new ConnectionListener<Socket>(options)
  const name = temporaryPath(path, options)
  let own: Stats
  try {
    const target = shortPath(name.path, 'listen', path)
    try {
      return await listenNet(
        {
          listen: { path: target.path },
          address,
          addressOf: () => () => address,
          publish: async () => {
            setOwner(name.path, options, address)
            own = lstatSync(name.path)
            await publish(name.path, path, {
              takeOver: options.takeOver ?? false,
              removeStale: options.removeStale ?? true,
              signal: options.signal,
            })
          },
          beforeClose: async (drain) => {
            // Clients that came before the successor wait in this backlog, and would get ECONNRESET.
            if (!unpublish(path, own, `${path}.${name.unique}`)) await drain()
          },
        },
        options,
        listener,
      )
    } finally {
      target.close()
    }
  } catch (error) {
    name.remove()
    throw toSocketError(lookedUp(error, path), 'listen', address)
  } finally {
    name.close()
  }
}

export const listenUnix = async (at: UnixTarget, options: ListenOptions): Promise<Listener<Socket>> => {
  checkListenOptions('listen', options)
  if ('abstract' in at) refuseFileOptions(options, 'listen', formatAddress(at))
  return 'abstract' in at ? await listenAbstract(at, options) : await listenPath(at.path, options)
}
