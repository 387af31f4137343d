/** PassedFile: a regular file, or another descriptor that is no socket, from another process. */
import fs, { type ReadStream, type Stats, type WriteStream } from 'node:fs'
import type { Descriptor } from '@uds/winsock-ffi'

// Not imported: the ES import of this module reads process.stderr, which makes the pipes 0 to 2 of the process non-blocking.
const { promisify } = process.getBuiltinModule('node:util')

const read = promisify(fs.read)
const write = promisify(fs.write)
const readFile = promisify(fs.readFile)
const fstat = promisify(fs.fstat)
const ftruncate = promisify(fs.ftruncate)
const fsync = promisify(fs.fsync)

/**
 * A file that another process has opened, with the methods of Node's `FileHandle`. (Node makes a FileHandle of no
 * descriptor that exists already.) The position in the file is shared with everybody who has a copy.
 */
export class PassedFile {
  readonly #descriptor: Descriptor

  /** @internal */
  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor
  }

  /** For the functions of `node:fs`; -1 once this is closed. */
  get fd(): number {
    return this.#descriptor.fd
  }

  /** Reads at `position`, or where the file stands. */
  read(
    buffer: Uint8Array,
    options: {
      readonly offset?: number
      readonly length?: number
      readonly position?: number | bigint | null
    } = {},
  ): Promise<{ bytesRead: number; buffer: Uint8Array }> {
    const { offset = 0, length = buffer.byteLength - offset, position = null } = options
    return read(this.fd, buffer, offset, length, position)
  }

  /** Writes at `position`, or where the file stands. */
  write(
    data: Uint8Array,
    options: { readonly offset?: number; readonly length?: number; readonly position?: number | null } = {},
  ): Promise<{ bytesWritten: number; buffer: Uint8Array }> {
    const { offset = 0, length = data.byteLength - offset, position = null } = options
    return write(this.fd, data, offset, length, position)
  }

  /** Everything from where the file stands. */
  readFile(): Promise<Buffer>
  readFile(encoding: BufferEncoding): Promise<string>
  readFile(encoding?: BufferEncoding): Promise<Buffer | string> {
    return readFile(this.fd, encoding)
  }

  stat(): Promise<Stats> {
    return fstat(this.fd)
  }

  truncate(length = 0): Promise<void> {
    return ftruncate(this.fd, length)
  }

  /** Waits until what was written is on the disk. */
  sync(): Promise<void> {
    return fsync(this.fd)
  }

  /** A stream that reads the file and then closes it. It takes the descriptor over. */
  createReadStream(): ReadStream {
    return fs.createReadStream('', { fd: this.#descriptor.release(), autoClose: true })
  }

  /** A stream that writes the file and then closes it. It takes the descriptor over. */
  createWriteStream(): WriteStream {
    return fs.createWriteStream('', { fd: this.#descriptor.release(), autoClose: true })
  }

  /** Closing twice is no error. */
  close(): void {
    this.#descriptor.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
