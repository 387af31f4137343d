/** FfiListenEnd: a listening socket over system calls. */
import { removeOwnSocketFile, socketFileId, sockets, type SocketHandle } from '@uds/winsock-ffi'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import type { ListenEnd, StreamEnd } from '../network.ts'
import { FfiEnd, quietly } from './end.ts'
import { FfiStreamEnd } from './stream-end.ts'

export class FfiListenEnd extends FfiEnd implements ListenEnd {
  readonly #path: string | undefined
  readonly #file: string | undefined

  /** @param path - The file that was bound, which goes when this is closed: as those of Node do. */
  constructor(handle: SocketHandle, path?: string) {
    super(handle)
    this.#path = path
    this.#file = path === undefined ? undefined : socketFileId(path)
  }

  listen(backlog: number): void {
    sockets.listen(this.handle, Math.max(backlog, 0))
  }

  accept(): StreamEnd | typeof NOT_YET {
    const accepted = sockets.tryAccept(this.handle)
    return accepted ? new FfiStreamEnd(accepted) : NOT_YET
  }

  override writable(): boolean {
    return false
  }

  override available(): number {
    return 0
  }

  override hungUp(): boolean {
    return false
  }

  override close(): void {
    const isFirst = !this.handle.closed
    super.close()
    // Not the file of another process that has taken the path since; one that may not be removed stays.
    if (isFirst && this.#path !== undefined) quietly(() => removeOwnSocketFile(this.#path!, this.#file))
  }
}
