/** A program that was started to listen: how it ends, and the last lines of its standard error. */
import type { ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SocketError } from '@uds/winsock-ffi'

/** A command and its arguments, or a function that starts a program. */
export type Start = readonly [command: string, ...args: string[]] | (() => ChildProcess)

/** How much of the end of standard error stands in a message: bytes. */
const TAIL = 2000

/** A file without a name: it is gone when the last process closes it. */
const openNameless = (): number => {
  const directory = mkdtempSync(join(tmpdir(), 'uds-start-'))
  try {
    return openSync(join(directory, 'stderr'), 'wx+', 0o600)
  } finally {
    // Windows removes it once it is closed: Node opens files with FILE_SHARE_DELETE.
    rmSync(directory, { recursive: true, force: true, maxRetries: 0 })
  }
}

/** The last bytes of a file, as lines. */
const tailOf = (fd: number): string => {
  const { size } = fstatSync(fd)
  const bytes = Buffer.alloc(Math.min(size, TAIL))
  const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length)
  return bytes.toString('utf8', 0, read).trim()
}

export class Started {
  readonly #child: ChildProcess
  readonly #name: string
  /** Its standard error, until it is released or ended. */
  #log: number | undefined
  /** What ended it, unless it ended well. A program that goes to the background by itself ends with 0. */
  failure: SocketError | undefined

  constructor(start: Start, address: string) {
    if (typeof start === 'function') {
      this.#child = start()
      this.#name = this.#child.spawnfile
    } else {
      const [command, ...args] = start
      this.#name = command
      this.#log = openNameless()
      const { spawn } = process.getBuiltinModule('node:child_process')
      try {
        this.#child = spawn(command, args, { detached: true, stdio: ['ignore', 'ignore', this.#log] })
      } catch (error) {
        closeSync(this.#log)
        throw error
      }
    }
    this.#child.once('error', (cause: NodeJS.ErrnoException) => {
      this.failure ??= this.#failed(address, cause.code ?? 'UNKNOWN', 'it could not be started', cause)
    })
    this.#child.once('exit', (code, signal) => {
      if (code === 0) return
      const how = signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`
      this.failure ??= this.#failed(address, 'ECHILD', `${how} before it listened`)
    })
  }

  #failed(address: string, code: string, how: string, cause?: unknown): SocketError {
    const said = this.#log === undefined ? '' : tailOf(this.#log)
    return new SocketError({
      code,
      syscall: 'start',
      address,
      detail: `${this.#name}: ${how}${said === '' ? '' : `, after it had written:\n${said}\n`}`,
      advice: 'run the command by itself to see what it needs',
      cause,
    })
  }

  /** The error of a program that does not listen in time. */
  late(address: string, ms: number): SocketError {
    return this.#failed(address, 'ETIMEDOUT', `it did not listen within ${ms} ms`)
  }

  /** Lets the program live on by itself: this process can end without it. */
  release(): void {
    this.#close()
    this.#child.unref()
  }

  /** Ends the program. */
  end(): void {
    this.#close()
    this.#child.kill()
  }

  #close(): void {
    if (this.#log === undefined) return
    closeSync(this.#log)
    this.#log = undefined
  }
}
