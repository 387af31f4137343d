/** Where a socket is bound before it has its public name, and gets its mode and its owner. */
import { chmodSync, lchownSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SocketError } from '@uds/winsock-ffi'
import { privateName, randomPart, system } from '@uds/winsock-ffi/internal'
import { toSocketError } from '../../errors/connection-error.ts'
import { requireDescriptorPaths } from '../../errors/permission.ts'
import type { ListenOptions } from '../../transport.ts'
import { lstatIfExists } from './files.ts'
import { makePrivateDirectory } from './private-directory.ts'

export interface TemporaryPath {
  /** For bind: beside the public path, as link(2) and rename(2) stay within a file system. */
  readonly path: string
  /** The same file for every later call: no other user can redirect it. */
  readonly safePath: string
  /** Called once it is bound. @throws SocketError `EACCES`, `EPERM`, `EINVAL` */
  setOwner(options: ListenOptions): void
  /** Removes what is still there after a failure. */
  remove(): void
  /** Called once the socket has its public name, or was removed. */
  close(): void
}

/** A failure to clean up does not replace the error that came before it. */
const tryTo = (action: () => void): void => {
  try {
    action()
  } catch {
    // Another process has removed it, or has put something there.
  }
}

const nothing = (): void => {}

const plainName = (path: string): TemporaryPath => {
  const name = privateName(path)
  return {
    path: name,
    safePath: name,
    setOwner: nothing,
    remove: () => tryTo(() => unlinkSync(name)),
    close: nothing,
  }
}

/** @throws SocketError `EACCES`, `EPERM`, `EINVAL`. */
export const setOwner = (file: string, { uid, gid, mode }: ListenOptions, address: string): void => {
  const changesOwner = uid !== undefined || gid !== undefined
  try {
    if (changesOwner) lchownSync(file, uid ?? -1, gid ?? -1)
    if (mode !== undefined) chmodSync(file, mode)
  } catch (error) {
    throw toSocketError(error, changesOwner ? 'lchown' : 'chmod', address)
  }
}

/** In a directory that no other user can enter. */
const guardedName = (path: string): TemporaryPath => {
  const random = randomPart()
  const address = `unix:${path}`
  const directory = ((): ReturnType<typeof makePrivateDirectory> => {
    try {
      if (system === 'linux') requireDescriptorPaths(address)
      return makePrivateDirectory(join(dirname(path), `.${basename(path).slice(0, 64)}.uds-${random}`))
    } catch (error) {
      throw toSocketError(error, 'listen', address)
    }
  })()
  const safePath = join(directory.safePath, random)
  return {
    path: join(directory.path, random),
    safePath,
    setOwner: (options) => {
      if (!lstatIfExists(safePath)?.isSocket()) {
        throw new SocketError({
          code: 'EACCES',
          syscall: 'listen',
          address,
          detail: 'another user has changed the directory while the socket was bound in it',
          advice: 'listen in a directory that only this user may change',
        })
      }
      setOwner(safePath, options, address)
    },
    remove: () => tryTo(() => unlinkSync(safePath)),
    close: () => tryTo(() => directory.close()),
  }
}

/**
 * A socket is bound with the mode that the umask leaves. One that is to have another must not be reached before it has
 * it, so it is bound in a directory of its own; without mode and owner that would be half the cost of a listener.
 */
export const temporaryPath = (path: string, { mode, uid, gid }: ListenOptions): TemporaryPath =>
  mode === undefined && uid === undefined && gid === undefined ? plainName(path) : guardedName(path)
