/** Runs real guests: their output is collected, and the servers they talk to are stopped at the end of the test. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net'
import { Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { WasiHost } from '../src/index.ts'
import type { WasiHostOptions } from '../src/index.ts'

/** Keeps what a guest prints. */
class Output extends Writable {
  #text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#text += chunk.toString()
    this.emit('text')
    done()
  }

  text(): string {
    return this.#text
  }
}

/** What a guest printed, and how it ended. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A guest that runs. */
export interface Running {
  readonly ended: Promise<Ran>
  /** Resolves with the first match in its standard output; rejects when it ends without one. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>
}

/** Starts a guest; it is stopped when the test ends. */
export const startGuest = (wasm: string, options: WasiHostOptions): Running => {
  const [stdout, stderr] = [new Output(), new Output()]
  const abort = new AbortController()
  const ended = (async (): Promise<Ran> => {
    const host = new WasiHost({ ...options, stdout, stderr })
    const code = await host.run(wasm, { signal: abort.signal })
    return { code, stdout: stdout.text(), stderr: stderr.text() }
  })()
  const settled = ended.catch(() => {})
  onTestFinished(async () => {
    abort.abort()
    await settled
  })
  const waitFor = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(stdout.text())
      if (match) return match
      const over = await Promise.race([once(stdout, 'text').then(() => undefined), ended])
      if (over && !pattern.test(over.stdout)) {
        throw new Error(`the guest ended with ${over.code}: ${over.stdout}${over.stderr}`)
      }
    }
  }
  return { ended, waitFor }
}

/** Runs a guest to its end. */
export const runGuest = (wasm: string, options: WasiHostOptions): Promise<Ran> =>
  startGuest(wasm, options).ended

/** Listens until the test ends; gives what the server is bound to. */
export const serve = async (
  server: Server,
  options: ListenOptions = { port: 0, host: '127.0.0.1' },
): Promise<number> => {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
  })
  server.listen(options)
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of open) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** An echo server for one test; its port, which means nothing when it listens on a path. */
export const serveEcho = (options?: ListenOptions): Promise<number> =>
  serve(
    createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)),
    options,
  )
