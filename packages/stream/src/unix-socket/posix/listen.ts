/** Listening on AF_UNIX by node:net: bind under a temporary name, mode and owner, publish, relink, remove. */
import { lstatSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, isAbsolute } from 'node:path'
import {
  formatAddress,
  requireReachablePath,
  shortPath,
  type AbstractAddress,
  type UnixTarget,
} from '@uds/winsock-ffi/internal'
import { toSocketError } from '../../errors/connection-error.ts'
import { ConnectionListener } from '../../listener/connection-listener.ts'
import { isShared } from '../../node-net/cluster.ts'
import { listenNet, openNetServer, type NetServer } from '../../node-net/net-listen.ts'
import { checkListenOptions, refuseFileOptions } from '../../options/check-options.ts'
import type { Listener, ListenOptions } from '../../transport.ts'
import { FileSource, type BoundServer } from '../file-source.ts'
import { abstractPath } from './connect.ts'
import { openShared } from './listen-in-cluster.ts'
import { publish } from './publish.ts'
import { SocketFile } from './socket-file.ts'
import { temporaryPath } from './temporary-path.ts'

const listenAbstract = (at: AbstractAddress, options: ListenOptions): Promise<Listener<Socket>> => {
  const address = formatAddress(at)
  return listenNet({ listen: { path: abstractPath(at) }, address, addressOf: () => () => address }, options)
}

/** libuv says EACCES for a missing directory (uv_pipe_bind2, src/unix/pipe.c); stat(2) on the directory says ENOENT. */
const missingDirectory = (error: unknown, path: string): unknown => {
  if ((error as NodeJS.ErrnoException).code !== 'EACCES') return error
  try {
    statSync(dirname(path))
    return error
  } catch (found) {
    return (found as NodeJS.ErrnoException).code === 'ENOENT' ? found : error
  }
}

const withFile = (server: NetServer, file: SocketFile): BoundServer => ({
  fileState: () => file.state,
  unpublish: async () => {
    // A successor has the name: clients that came before it wait in this backlog, and would get ECONNRESET.
    if (!file.remove()) await server.drain()
  },
  forgetFile: () => file.forget(),
  drain: () => server.drain(),
  close: () => server.close(),
  ref: () => server.ref(),
  unref: () => server.unref(),
})

/**
 * The socket is bound under a temporary name and gets its public one when it listens and has its mode and owner. So a
 * client never finds a name where nobody listens yet, or one with the wrong mode; the umask of the process is not
 * touched; taking over is one rename(2); and what libuv removes when the server closes is the temporary name, which is
 * gone by then, and never a successor's (https://github.com/nodejs/node/issues/19729).
 */
const openPublished = async (
  path: string,
  options: ListenOptions,
  listener: ConnectionListener<Socket>,
): Promise<BoundServer> => {
  const address = formatAddress({ scheme: 'unix', path })
  let name: ReturnType<typeof temporaryPath> | undefined
  let server: NetServer | undefined
  try {
    // A name that no client could connect to.
    requireReachablePath(path, 'listen')
    name = temporaryPath(path, options)
    const target = shortPath(name.path, 'listen', path)
    try {
      const setup = { listen: { path: target.path }, address, addressOf: () => () => address }
      server = await openNetServer(setup, options, listener)
    } finally {
      target.close()
    }
    name.setOwner(options)
    const bound = lstatSync(name.safePath)
    await publish(name.safePath, path, {
      takeOver: options.takeOver ?? false,
      removeStale: options.removeStale ?? true,
      signal: options.signal,
    })
    return withFile(server, new SocketFile(path, bound))
  } catch (error) {
    server?.close()
    name?.remove()
    throw toSocketError(missingDirectory(error, path), 'listen', address)
  } finally {
    name?.close()
  }
}

const listenPath = async (givenPath: string, options: ListenOptions): Promise<Listener<Socket>> => {
  // The same file when the working directory changes. `..` is left to the system, as links matter.
  const path = isAbsolute(givenPath) ? givenPath : `${process.cwd()}/${givenPath.replace(/^\.\/+/, '')}`
  const listener = new ConnectionListener<Socket>(options)
  if (isShared(options)) return listener.begin(await openShared(path, options, listener))
  const server = await openPublished(path, options, listener)
  const reopen = (): Promise<BoundServer> =>
    openPublished(path, { ...options, takeOver: false, signal: undefined }, listener)
  return listener.begin(new FileSource(formatAddress({ scheme: 'unix', path }), server, reopen))
}

export const listenUnix = async (at: UnixTarget, options: ListenOptions): Promise<Listener<Socket>> => {
  checkListenOptions('listen', options)
  if ('abstract' in at) refuseFileOptions(options, 'listen', formatAddress(at))
  return 'abstract' in at ? await listenAbstract(at, options) : await listenPath(at.path, options)
}
