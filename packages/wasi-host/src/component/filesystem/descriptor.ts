/** Descriptors of `wasi:filesystem`, and the streams of bytes of a file. */
import { Failure, failureOf } from '../../outcome/failure.ts'
import { OpenDirectory, type DirectoryEntry } from '../../wasi/files/open-directory.ts'
import { OpenFile } from '../../wasi/files/open-file.ts'
import type { Opened } from '../../wasi/files/paths.ts'
import type { Status } from '../../wasi/files/place.ts'
import { standardChannel, type Channel } from '../channel.ts'
import type { ComponentHost } from '../host.ts'
import type { DescriptorFlags } from './types.ts'

/** What is open, for as long as a descriptor or a stream has it. */
export class Opening {
  readonly what: Opened
  readonly #host: ComponentHost
  #users = 1

  constructor(host: ComponentHost, what: Opened) {
    this.what = what
    this.#host = host
    host.guest.fds.keep(this)
  }

  retain(): this {
    this.#users += 1
    return this
  }

  release(): void {
    this.#users -= 1
    if (this.#users > 0) return
    this.#host.guest.fds.forget(this)
    this.close()
  }

  close(): void {
    if (this.what instanceof OpenFile || this.what instanceof OpenDirectory) this.what.close()
    else this.what.release()
  }
}

export class Descriptor {
  /** undefined for a directory that is open for as long as the guest lives. */
  readonly opening: Opening | undefined
  readonly what: Opened
  readonly flags: DescriptorFlags

  constructor(what: Opened, flags: DescriptorFlags, opening?: Opening) {
    this.what = what
    this.flags = flags
    this.opening = opening
  }

  get file(): OpenFile {
    if (this.what instanceof OpenFile) return this.what
    throw new Failure('EBADF', 'the descriptor is no file')
  }

  get directory(): OpenDirectory {
    if (this.what instanceof OpenDirectory) return this.what
    throw new Failure('ENOTDIR', 'the descriptor is no directory')
  }

  stat(): Status {
    return this.what.stat()
  }
}

/** The names of a directory, as they were when it was asked for. */
export class DirectoryEntryStream {
  readonly #entries: readonly DirectoryEntry[]
  #at = 0

  constructor(entries: readonly DirectoryEntry[]) {
    this.#entries = entries
  }

  next(): DirectoryEntry | undefined {
    return this.#entries[this.#at++]
  }
}

/** A failure of a file, which `filesystem-error-code` knows again. */
export class FileFailure extends Failure {}

const reported = <T>(action: () => T): T => {
  try {
    return action()
  } catch (error) {
    const { code, detail } = failureOf(error)
    throw new FileFailure(code, detail)
  }
}

/** The bytes of a file from an offset on, or at its end. A file makes nobody wait. */
const fileChannel = (file: OpenFile, from: number | 'end'): Channel => {
  let offset = from === 'end' ? 0 : from
  const write = (bytes: Uint8Array): number => {
    const written = reported(() => file.writeAt([bytes], from === 'end' ? file.size : offset))
    offset += written
    return written
  }
  return {
    arrived: () => 0,
    untilArrived: () => undefined,
    read: (_guest, into) => {
      const bytes = reported(() => file.readAt([into], offset))
      offset += bytes
      return bytes
    },
    write: (_guest, bytes) => write(bytes),
    writeAll: (_guest, iovec) => {
      for (const part of iovec.parts())
        for (let done = 0; done < part.length;) done += write(part.subarray(done))
      return iovec.size
    },
    request: () => ({ ready: true }),
  }
}

/** A channel, and what is to be done when its stream is dropped. */
export interface FileChannel {
  readonly channel: Channel
  readonly onDrop: () => void
}

/** The bytes behind a descriptor from an offset on; a FIFO or a terminal has no offsets. */
export const channelFrom = ({ what, opening }: Descriptor, offset: number): FileChannel => {
  if (what instanceof OpenDirectory) throw new Failure('EBADF', 'the descriptor is a directory')
  const held = opening?.retain()
  const channel = what instanceof OpenFile ? fileChannel(what, offset) : standardChannel(what)
  return { channel, onDrop: () => held?.release() }
}

/** The same for writing at the end of a file, wherever that is when it is written. */
export const channelAtEnd = (descriptor: Descriptor, host: ComponentHost): FileChannel => {
  const { what, opening } = descriptor
  if (!(what instanceof OpenFile)) return channelFrom(descriptor, 0)
  const appending = what.appending()
  if (!appending) {
    // Another program that appends at the same moment may be overwritten here.
    const held = opening?.retain()
    return { channel: fileChannel(what, 'end'), onDrop: () => held?.release() }
  }
  const own = new Opening(host, appending)
  return { channel: fileChannel(appending, 0), onDrop: () => own.release() }
}
