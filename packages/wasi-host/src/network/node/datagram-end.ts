/** NodeDatagramEnd: a UDP socket over node:dgram. */
import { createSocket, type Socket } from 'node:dgram'
import { ipAddress, show, type Address } from '../address.ts'
import { Failure } from '../../outcome/failure.ts'
import { SyncPromise, NOT_YET } from '../../outcome/sync-promise.ts'
import type { Datagram, DatagramEnd, OptionName, Options } from '../network.ts'
import { Signal } from './signal.ts'

/** Bytes of datagrams that wait to be received; more are dropped, as a system does whose buffer is full. */
const LONGEST_QUEUE = 1024 * 1024

/** A datagram socket of Node. */
export class NodeDatagramEnd implements DatagramEnd {
  readonly signal: Signal = new Signal()
  readonly #socket: Socket
  readonly #family: 'inet' | 'inet6'
  #queue: { bytes: Uint8Array; from: Address }[] = []
  #queued = 0
  #bound: Promise<void> | undefined
  #listening = false
  #peer: Address | undefined
  #failure: unknown
  #closed = false

  constructor(family: 'inet' | 'inet6', options: Options) {
    this.#family = family
    this.#socket = createSocket({
      type: family === 'inet' ? 'udp4' : 'udp6',
      reuseAddr: options.get('SO_REUSEADDR') === 1,
      ipv6Only: options.get('IPV6_V6ONLY') === 1,
    })
    this.#socket.on('message', (bytes, { address, port }) => {
      if (this.#queued + bytes.length > LONGEST_QUEUE) return
      this.#queue.push({ bytes, from: ipAddress(address, port) })
      this.#queued += Math.max(bytes.length, 1)
      this.signal.notify()
    })
    this.#socket.on('error', (error) => {
      this.#failure = error
      this.signal.notify()
    })
  }

  /** The error that waits, once: as SO_ERROR does. */
  #check(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
  }

  get local(): Address | undefined {
    if (!this.#listening || this.#closed) return undefined
    const { address, port } = this.#socket.address()
    return ipAddress(address, port)
  }

  get peer(): Address | undefined {
    return this.#peer
  }

  #bind(host: string, port: number): Promise<void> {
    this.#bound ??= new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        this.#failure = undefined
        this.#bound = undefined
        reject(error)
      }
      this.#socket.once('error', failed)
      this.#socket.bind({ address: host, port }, () => {
        this.#socket.off('error', failed)
        this.#listening = true
        resolve()
      })
    })
    return this.#bound
  }

  bind(address: Address): SyncPromise<void> {
    if (address.family === 'unix') throw new Failure('EAFNOSUPPORT', `${show(address)} is no address for UDP`)
    if (this.#bound) throw new Failure('EINVAL', 'the socket has an address already')
    return SyncPromise.of(this.#bind(address.host, address.port))
  }

  connect(address: Address): SyncPromise<void> {
    return SyncPromise.of(this.#connect(address))
  }

  async #connect(address: Address): Promise<void> {
    if (address.family === 'unix') throw new Failure('EAFNOSUPPORT', `${show(address)} is no address for UDP`)
    await this.#bind(this.#family === 'inet' ? '0.0.0.0' : '::', 0)
    if (this.#peer) this.#socket.disconnect()
    this.#peer = undefined
    await new Promise<void>((resolve, reject) => {
      this.#socket.connect(address.port, address.host, (...failed: unknown[]) => {
        if (failed[0] instanceof Error) reject(failed[0])
        else resolve()
      })
    })
    this.#peer = address
    // What others sent before.
    this.#queue = this.#queue.filter(({ from }) => show(from) === show(address))
  }

  receive(into: Uint8Array, peek: boolean): Datagram | typeof NOT_YET {
    this.#check()
    const first = this.#queue[0]
    if (!first) return NOT_YET
    into.set(first.bytes.subarray(0, into.length))
    if (!peek) {
      this.#queue.shift()
      this.#queued -= Math.max(first.bytes.length, 1)
    }
    return { size: first.bytes.length, from: first.from }
  }

  send(bytes: Uint8Array, to: Address | undefined): SyncPromise<number> {
    this.#check()
    return SyncPromise.of(this.#send(Buffer.from(bytes), to))
  }

  async #send(copy: Uint8Array, to: Address | undefined): Promise<number> {
    await this.#bind(this.#family === 'inet' ? '0.0.0.0' : '::', 0)
    return new Promise((resolve, reject) => {
      const done = (error: Error | null): void => (error ? reject(error) : resolve(copy.length))
      if (to === undefined) this.#socket.send(copy, done)
      else if (to.family !== 'unix') this.#socket.send(copy, to.port, to.host, done)
      else reject(new Failure('EAFNOSUPPORT', `${show(to)} is no address for UDP`))
    })
  }

  readable(): boolean {
    return this.#queue.length > 0 || this.#failure !== undefined
  }

  writable(): boolean {
    return true
  }

  available(): number {
    return this.#queue[0]?.bytes.length ?? 0
  }

  hungUp(): boolean {
    return false
  }

  setOption(name: OptionName, value: number): boolean {
    if (!this.#listening) return false
    if (name === 'SO_BROADCAST') this.#socket.setBroadcast(value !== 0)
    else if (name === 'SO_SNDBUF') this.#socket.setSendBufferSize(value)
    else if (name === 'SO_RCVBUF') this.#socket.setRecvBufferSize(value)
    else return false
    return true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }
}
