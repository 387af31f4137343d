/**
 * jco's sockets of WASI 0.2 for Node, driven as the imports of a component are: the calls are made here directly, without
 * a component, its lifting and its lowering, which makes them faster than any guest has them. They know no AF_UNIX.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { install } from './install.ts'

const PACKAGE = '@bytecodealliance/preview2-shim'
const VERSION = '0.26.1'

/** Installs it into a folder. Returns what failed, if something did. */
export const installShim = (folder: string): string | undefined => install(folder, PACKAGE, VERSION)

interface Shim {
  readonly instanceNetwork: { instanceNetwork(): unknown }
  readonly tcpCreateSocket: { createTcpSocket(family: 'ipv4'): TcpSocket }
}

interface Pollable {
  block(): void
}

interface TcpSocket {
  startConnect(network: unknown, address: unknown): void
  finishConnect(): [Input, Output]
  subscribe(): Pollable
}

interface Input {
  read(length: bigint): Uint8Array
  blockingRead(length: bigint): Uint8Array
  subscribe(): Pollable
}

interface Output {
  checkWrite(): bigint
  write(bytes: Uint8Array): void
  blockingWriteAndFlush(bytes: Uint8Array): void
  subscribe(): Pollable
}

/** `blocking-write-and-flush` takes 4096 bytes at most (wasi:io/streams). */
const LONGEST_WRITE = 4096

/** Sends and receives so many bytes. */
type RoundTrip = (message: Uint8Array) => void

/** By the calls that wait: the fewest that it can be done with. */
const shortest =
  (input: Input, output: Output): RoundTrip =>
  (message) => {
    const size = message.length
    for (let at = 0; at < size; at += LONGEST_WRITE) {
      output.blockingWriteAndFlush(message.subarray(at, at + LONGEST_WRITE))
    }
    for (let got = 0; got < size;) got += input.blockingRead(BigInt(size - got)).length
  }

/**
 * By the calls that send and recv of wasi-libc make, which is what guests in C, Rust and Python are linked with
 * (libc-bottom-half/sources/tcp.c of WebAssembly/wasi-libc).
 */
const asWasiLibc = (input: Input, output: Output): RoundTrip => {
  const [readable, writable] = [input.subscribe(), output.subscribe()]
  return (message) => {
    const size = message.length
    for (let sent = 0; sent < size;) {
      const room = Number(output.checkWrite())
      if (room === 0) {
        writable.block()
        continue
      }
      output.write(message.subarray(sent, sent + room))
      sent += Math.min(room, size - sent)
    }
    for (let got = 0; got < size;) {
      const { length } = input.read(BigInt(size - got))
      if (length === 0) readable.block()
      got += length
    }
  }
}

export const shimClient = async (
  folder: string,
  port: number,
  size: number,
  how: 'libc' | 'shortest',
): Promise<(count: number) => void> => {
  const path = join(folder, 'node_modules', PACKAGE, 'dist/nodejs/sockets.js')
  const { instanceNetwork, tcpCreateSocket } = (await import(pathToFileURL(path).href)) as Shim
  const socket = tcpCreateSocket.createTcpSocket('ipv4')
  socket.startConnect(instanceNetwork.instanceNetwork(), {
    tag: 'ipv4',
    val: { address: [127, 0, 0, 1], port },
  })
  socket.subscribe().block()
  const roundTrip = (how === 'libc' ? asWasiLibc : shortest)(...socket.finishConnect())
  const message = new Uint8Array(size)
  return (count) => {
    for (let left = count; left > 0; left -= 1) roundTrip(message)
  }
}
