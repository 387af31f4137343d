/** Listening on AF_UNIX by Winsock: bind, permissions, relink, remove. */
import type { Socket } from 'node:net'
import { resolve } from 'node:path'
import { capabilities, findFile, removeSocketFile, SocketError, type SocketHandle } from '@uds/winsock-ffi'
import { formatAddress, withFileLock, type UnixTarget } from '@uds/winsock-ffi/internal'
import { throwIfAborted } from '../../errors/connection-error.ts'
import { atExit } from '../../listener/at-exit.ts'
import { fileStays } from '../../listener/bound-file.ts'
import { ConnectionListener } from '../../listener/connection-listener.ts'
import type { FileState } from '../../listener/file-state.ts'
import { checkListenOptions } from '../../options/check-options.ts'
import type { Listener, ListenOptions } from '../../transport.ts'
import { FileSource, type BoundServer } from '../file-source.ts'
import { bindUnderLock } from './bind.ts'
import { encodeTarget } from './encode-path.ts'
import { openSocketServer } from '../../native-socket/listen-socket.ts'
import { restrictFile } from './restrict-file.ts'

const refuseOwner = ({ uid, gid }: ListenOptions, address: string): void => {
  if (uid === undefined && gid === undefined) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'listen',
    address,
    detail: 'Windows has no uid and gid for a socket file',
    advice: 'mode sets who may connect: 0o600 for this user alone',
  })
}

/** Found out before a file is made. */
const requireAdoption = (address: string): void => {
  if (!capabilities().afUnix || capabilities().adoption) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'listen',
    address,
    detail: 'this engine cannot take a socket of Winsock into its loop',
    advice: 'capabilities() says why',
  })
}

/** Listens on a bound socket; its file is removed when that fails. */
const startServer = (
  path: string,
  handle: SocketHandle,
  options: ListenOptions,
  listener: ConnectionListener<Socket>,
): BoundServer => {
  // The time of writing distinguishes this file from a successor's.
  const written = findFile(path)?.written
  const state = (): FileState => {
    const found = findFile(path)
    if (found?.written === written) return 'linked'
    return found === undefined ? 'removed' : 'replaced'
  }
  const remove = (): void => {
    if (written !== undefined && state() === 'linked') removeSocketFile(path)
  }
  try {
    if (options.mode !== undefined) restrictFile(path, options.mode, written)
    const server = openSocketServer(handle, options, listener)
    const forgetFile = atExit(`${written} ${path}`, remove)
    const unpublish = async (): Promise<void> => {
      forgetFile()
      try {
        await withFileLock(path, undefined, remove)
      } catch (cause) {
        throw fileStays(path, cause)
      }
      await server.drain()
    }
    return { ...server, fileState: state, unpublish, forgetFile }
  } catch (error) {
    handle.close()
    remove()
    throw error
  }
}

export const listenUnix = async (at: UnixTarget, options: ListenOptions): Promise<Listener<Socket>> => {
  throwIfAborted(options.signal)
  const target: UnixTarget = 'abstract' in at ? at : { scheme: 'unix', path: resolve(at.path) }
  const address = formatAddress(target)
  checkListenOptions('listen', options)
  refuseOwner(options, address)
  const listener = new ConnectionListener<Socket>(options)
  encodeTarget(target)
  const path = 'path' in target ? target.path : ''
  requireAdoption(address)
  const open = (how: ListenOptions): Promise<BoundServer> =>
    bindUnderLock(path, how, (handle) => startServer(path, handle, how, listener))
  const reopen = (): Promise<BoundServer> => open({ ...options, takeOver: false, signal: undefined })
  return listener.begin(new FileSource(address, await open(options), reopen))
}
