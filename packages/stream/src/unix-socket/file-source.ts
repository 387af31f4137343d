/** The source of a listener with a socket file, whose server is replaced when the file is made again. */
import type { Socket } from 'node:net'
import type { ListenerSource } from '../listener/connection-listener.ts'
import type { FileState } from '../listener/file-state.ts'
import { startReading } from '../listener/start-reading.ts'

/** A socket that listens, and the file that leads to it. */
export interface BoundServer {
  fileState(): FileState
  /** Removes the file, and accepts who has connected by it. The server listens on. */
  unpublish(): Promise<void>
  /** Leaves the path to others: the file is gone. */
  forgetFile(): void
  /** Accepts until the backlog is empty. */
  drain(): Promise<void>
  close(): void
  ref(): void
  unref(): void
  pause?(): void
  resume?(): void
}

export class FileSource implements ListenerSource<Socket> {
  readonly #address: string
  readonly #reopen: () => Promise<BoundServer>
  #server: BoundServer
  #relinking: Promise<void> | undefined
  #isReferenced = true
  #isPaused = false

  /** @param reopen - Opens another server at the same path, which takes nothing from a server that listens there. */
  constructor(address: string, server: BoundServer, reopen: () => Promise<BoundServer>) {
    this.#address = address
    this.#server = server
    this.#reopen = reopen
    if (!server.pause) return
    this.pause = () => {
      this.#isPaused = true
      this.#server.pause!()
    }
    this.resume = () => {
      this.#isPaused = false
      this.#server.resume!()
    }
  }

  declare pause?: () => void
  declare resume?: () => void
  readonly startReading: (socket: Socket) => void = startReading

  address(): string {
    return this.#address
  }

  fileState(): FileState {
    return this.#server.fileState()
  }

  relink(): Promise<void> {
    this.#relinking ??= this.#relink().finally(() => (this.#relinking = undefined))
    return this.#relinking
  }

  /** A removed socket file cannot be linked again, so another socket gets the name. */
  async #relink(): Promise<void> {
    if (this.fileState() === 'linked') return
    const before = this.#server
    this.#server = await this.#reopen()
    if (!this.#isReferenced) this.#server.unref()
    if (this.#isPaused) this.#server.pause?.()
    before.forgetFile()
    await before.drain()
    before.close()
  }

  async stop(): Promise<void> {
    await this.#relinking?.catch(() => {})
    try {
      await this.#server.unpublish()
    } finally {
      this.#server.close()
    }
  }

  ref(): void {
    this.#isReferenced = true
    this.#server.ref()
  }

  unref(): void {
    this.#isReferenced = false
    this.#server.unref()
  }
}
