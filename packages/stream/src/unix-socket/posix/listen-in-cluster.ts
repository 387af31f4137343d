/**
 * Listening in a worker of node:cluster: the workers of a primary process share one socket. node:net shares by the path,
 * so all of them bind the same private name, and a public path that leads to that socket is their own.
 */
import { unlinkSync, type Stats } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SocketError } from '@uds/winsock-ffi'
import { codeOf, formatAddress, withFileLock } from '@uds/winsock-ffi/internal'
import { toSocketError } from '../../errors/connection-error.ts'
import type { ConnectionListener, ListenerSource } from '../../listener/connection-listener.ts'
import { startReading } from '../../listener/start-reading.ts'
import { openNetServer, type NetServer } from '../../node-net/net-listen.ts'
import type { ListenOptions } from '../../transport.ts'
import { ClusterDirectory } from './cluster-directory.ts'
import { probe } from './probe.ts'
import { publish } from './publish.ts'
import { SocketFile } from './socket-file.ts'
import { setOwner } from './temporary-path.ts'

/** Milliseconds until the primary process knows that earlier workers have left. */
const UNDECIDED_MS = 2000
const PAUSE_MS = 20

/** Publishes the shared socket under its public path, unless another worker has done so. */
const publishShared = async (
  directory: ClusterDirectory,
  path: string,
  options: ListenOptions,
): Promise<void> => {
  if (directory.isAt(path)) return
  setOwner(directory.socket, options, formatAddress({ scheme: 'unix', path }))
  const name = directory.secondName()
  let moved = false
  try {
    const { takeOver = false, removeStale = true, signal } = options
    await publish(name, path, { takeOver, removeStale, signal })
    moved = true
  } catch (error) {
    if (!directory.isAt(path)) throw error
  } finally {
    if (!moved) unlinkSync(name)
  }
}

/** The public file, which the last worker removes. */
class SharedSocketFile extends SocketFile {
  readonly #directory: ClusterDirectory
  readonly #again: () => void

  /** @param again - Publishes the socket again. */
  constructor(path: string, bound: Stats, directory: ClusterDirectory, again: () => void) {
    super(path, bound)
    this.#directory = directory
    this.#again = again
  }

  protected override removeFile(): boolean {
    try {
      if (!this.#directory.leave()) return true
      const removed = super.removeFile()
      // Where no lock can be had, a worker may have come meanwhile, and have found its path.
      if (this.#directory.hasOthers) this.#again()
      else this.#directory.empty()
      return removed
    } finally {
      this.#directory.close()
    }
  }
}

/** A directory that the primary process of an ended cluster has left, and which had the same number. */
const removeStaleSocket = async (directory: ClusterDirectory): Promise<void> => {
  if (!directory.bound || directory.hasOthers) return
  if ((await probe(directory.socket)) === 'dead') directory.empty()
}

/** The primary process cannot bind again while a worker has the socket. */
const filesGone = (path: string): SocketError =>
  new SocketError({
    code: 'ENOENT',
    syscall: 'relink',
    address: formatAddress({ scheme: 'unix', path }),
    detail:
      'the hidden directory beside the path, by which the workers of the cluster share the socket, is gone as well',
    advice: 'end all workers that listen there, then start them again',
  })

const sourceOf = (
  path: string,
  options: ListenOptions,
  directory: ClusterDirectory,
  bound: Stats,
  server: NetServer,
): ListenerSource<Socket> => {
  const publishAgain = (): Promise<void> =>
    publishShared(directory, path, { ...options, takeOver: false, signal: undefined })
  // A failure shows by the event `unlinked` of the other worker.
  const file = new SharedSocketFile(path, bound, directory, () => void publishAgain().catch(() => {}))
  return {
    address: () => formatAddress({ scheme: 'unix', path }),
    fileState: () => file.state,
    relink: async () => {
      if (file.state === 'linked') return
      if (!directory.bound) throw filesGone(path)
      await withFileLock(directory.path, undefined, publishAgain)
    },
    stop: async () => {
      try {
        // A successor has the name: clients that came before it wait in this backlog.
        if (!(await withFileLock(directory.path, undefined, () => file.remove()))) await server.drain()
      } finally {
        server.close()
      }
    },
    ref: () => server.ref(),
    unref: () => server.unref(),
    startReading,
  }
}

/**
 * Opens the socket, or joins the workers that have it.
 *
 * @returns Undefined when the primary process has not closed the socket of earlier workers, whose file is gone, or when
 *   the last of them has removed the directory meanwhile.
 */
const tryToOpen = async (
  path: string,
  options: ListenOptions,
  listener: ConnectionListener<Socket>,
): Promise<ListenerSource<Socket> | undefined> => {
  const directory = ClusterDirectory.of(path)
  let server: NetServer | undefined
  let source: ListenerSource<Socket> | undefined
  try {
    return await withFileLock(directory.path, options.signal, async () => {
      await removeStaleSocket(directory)
      directory.join()
      const address = formatAddress({ scheme: 'unix', path })
      const setup = { listen: { path: directory.boundPath }, address, addressOf: () => () => address }
      server = await openNetServer(setup, options, listener)
      const { bound } = directory
      if (!bound) return undefined
      await publishShared(directory, path, options)
      source = sourceOf(path, options, directory, bound, server)
      return source
    })
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && !directory.exists) return undefined
    throw error
  } finally {
    if (source === undefined) {
      server?.close()
      leaveQuietly(directory)
    }
  }
}

/** After a failure, which is what the caller hears of. */
const leaveQuietly = (directory: ClusterDirectory): void => {
  try {
    if (directory.leave()) directory.empty()
  } catch {
    // The directory is gone.
  }
  directory.close()
}

/** @throws SocketError as `listen`. */
export const openShared = async (
  path: string,
  options: ListenOptions,
  listener: ConnectionListener<Socket>,
): Promise<ListenerSource<Socket>> => {
  const end = performance.now() + UNDECIDED_MS
  const address = formatAddress({ scheme: 'unix', path })
  for (;;) {
    try {
      const source = await tryToOpen(path, options, listener)
      if (source) return source
    } catch (error) {
      throw toSocketError(error, 'listen', address)
    }
    if (performance.now() >= end) {
      throw new SocketError({
        code: 'EADDRINUSE',
        syscall: 'listen',
        address,
        detail: 'the primary process of the cluster holds a socket whose file is gone',
        advice: 'end all workers that listen there, then start them again',
      })
    }
    await sleep(PAUSE_MS)
  }
}
