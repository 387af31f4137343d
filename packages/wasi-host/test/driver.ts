/** A guest that does what the test says: one export for each import. */
import { createServer, type ListenOptions, type Server, type ServerOpts, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { WasiHost, type GuestHandle, type WaitMode, type WasiHostOptions } from '../src/index.ts'
import { hasJspi } from '../src/module/engine.ts'
import { buildModule, preview1, udsSocket, type Import, type ModuleOptions } from './builder/module.ts'

/** Every way of waiting that this engine and this system have. */
export const waits: readonly WaitMode[] = hasJspi ? ['jspi', 'worker', 'blocking'] : ['worker', 'blocking']

/** Where a result is written that nobody keeps. */
export const OUT = 8

export class Driven {
  readonly guest: GuestHandle

  constructor(guest: GuestHandle) {
    this.guest = guest
  }

  /** Calls an import; gives the errno. */
  async call(name: string, ...args: (number | bigint)[]): Promise<number> {
    return Number(await this.guest.call(name, ...args))
  }

  async u32(at: number): Promise<number> {
    return Buffer.from(await this.guest.read(at, 4)).readUInt32LE()
  }

  async u16(at: number): Promise<number> {
    return Buffer.from(await this.guest.read(at, 2)).readUInt16LE()
  }

  async text(at: number, length: number): Promise<string> {
    return Buffer.from(await this.guest.read(at, length)).toString()
  }

  async put(at: number, bytes: Uint8Array | readonly number[] | string): Promise<number> {
    const content = typeof bytes === 'string' ? Buffer.from(bytes) : Uint8Array.from(bytes)
    await this.guest.write(at, content)
    return content.length
  }

  /** Writes 32-bit numbers. */
  async words(at: number, ...values: readonly number[]): Promise<void> {
    await this.guest.write(at, Buffer.from(Uint32Array.from(values).buffer))
  }

  /** Writes an address as zig-wasm-cpython and uds_socket have it. */
  address(at: number, port: number, host: readonly number[] = [127, 0, 0, 1]): Promise<number> {
    const family = host.length === 4 ? 2 : 10
    const padding = Array.from({ length: 16 - host.length }, () => 0)
    return this.put(at, [family, port >> 8, port & 255, ...host, ...padding])
  }
}

export interface DriveOptions extends Omit<ModuleOptions, 'imports'> {
  readonly imports?: readonly Import[]
  readonly host?: WasiHostOptions
}

/** Starts a guest, and closes it after the test. */
export const drive = async ({ imports = [], host = {}, ...module }: DriveOptions): Promise<Driven> => {
  const guest = await new WasiHost({ stdin: 'ignore', ...host }).instantiate(
    buildModule({ imports, ...module }),
  )
  onTestFinished(() => guest.close())
  return new Driven(guest)
}

export interface Served {
  readonly port: number
  readonly server: Server
  /** Waits for the next connection. */
  next(): Promise<Socket>
}

/** A server on the loopback interface, closed after the test with all of its connections. */
export const serve = async (
  onConnection?: (socket: Socket) => void,
  listen: ListenOptions = { port: 0, host: '127.0.0.1' },
  options: ServerOpts = {},
): Promise<Served> => {
  const connections: Socket[] = []
  const waiting: ((socket: Socket) => void)[] = []
  const all = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, ...options }, (socket) => {
    all.add(socket)
    socket.on('error', () => {})
    onConnection?.(socket)
    const next = waiting.shift()
    if (next) next(socket)
    else connections.push(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen, resolve)
  })
  onTestFinished(async () => {
    for (const socket of all) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return {
    server,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    next: () => {
      const ready = connections.shift()
      return ready ? Promise.resolve(ready) : new Promise((resolve) => waiting.push(resolve))
    },
  }
}

export const echo = (): Promise<Served> => serve((socket) => void socket.pipe(socket))

/** The six calls of zig-wasm-cpython. */
export const zigImports: readonly Import[] = preview1(
  'sock_open:iii',
  'sock_resolve:iiiiii',
  'sock_connect:ii',
  'sock_send:iiii',
  'sock_recv:iiii',
  'sock_close:i',
)

export const udsImports: readonly Import[] = udsSocket(
  'sock_open:iii',
  'sock_close:i',
  'sock_resolve:iiiiiii',
  'sock_connect:iii',
  'sock_connect_host:iiii',
  'sock_bind:iii',
  'sock_listen:ii',
  'sock_accept:iiiiii',
  'sock_send:iiiii',
  'sock_recv:iiiii',
  'sock_sendto:iiiiiii',
  'sock_recvfrom:iiiiiiiii',
  'sock_shutdown:ii',
  'sock_getsockname:iiii',
  'sock_getpeername:iiii',
  'sock_setsockopt:iiiii',
  'sock_getsockopt:iiiiii',
  'sock_set_nonblocking:ii',
  'sock_set_timeout:iii',
  'sock_poll:iiii',
  'sock_starttls:iiiiiiii',
  'sock_tls_info:iiiii',
  'sock_error_text:iiii',
)

export const preview1Imports: readonly Import[] = preview1(
  'sock_accept:iii',
  'sock_recv:iiiiii',
  'sock_send:iiiii',
  'sock_shutdown:ii',
  'poll_oneoff:iiii',
  'fd_read:iiii',
  'fd_write:iiii',
  'fd_close:i',
  'fd_seek:iIii',
  'fd_fdstat_get:ii',
  'fd_fdstat_set_flags:ii',
  'fd_filestat_get:ii',
  'fd_prestat_get:ii',
  'fd_prestat_dir_name:iii',
  'fd_renumber:ii',
  'path_open:iiiiiIIii',
)

/** The words of `sock_error_text`. */
export const errorText = async (driven: Driven, fd: number): Promise<string> => {
  await driven.call('uds_sock_error_text', fd, 4096, 1024, OUT)
  return driven.text(4096, await driven.u32(OUT))
}
