/** NodeDatagramEnd: a UDP socket over node:dgram. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { ipAddress, show, type Address } from '../address.ts'
import { Failure } from '../../outcome/failure.ts'
import { after, SyncPromise, NOT_YET, type Outcome } from '../../outcome/sync-promise.ts'
import type { Datagram, DatagramEnd, OptionName, Options } from '../network.ts'
import { Signal } from './signal.ts'

/** Bytes of datagrams that wait to be received; more are dropped, as a system does whose buffer is full. */
const LONGEST_QUEUE = 1024 * 1024

/** What Node resolves names with. Only IP addresses come here, so that binding and connecting need no turn of the loop. */
const noLookup = (
  host: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void,
): void => done(null, host, isIP(host))

/** A datagram socket of Node. */
export class NodeDatagramEnd implements DatagramEnd {
  readonly signal: Signal = new Signal()
  readonly #socket: Socket
  readonly #family: 'inet' | 'inet6'
  #queue: { bytes: Uint8Array; from: Address }[] = []
  #queued = 0
  #bound: Promise<void> | 'now' | undefined
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
      lookup: noLookup,
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

  /** Binds at once; only in a worker of a cluster Node asks another process first. */
  #bind(host: string, port: number): Outcome<void> {
    if (this.#bound) return this.#bound === 'now' ? undefined : SyncPromise.of(this.#bound)
    let failure: unknown
    const failed = (error: Error): void => void (failure = error)
    this.#socket.once('error', failed)
    this.#socket.bind({ address: host, port })
    this.#socket.off('error', failed)
    if (failure !== undefined) {
      this.#failure = undefined
      throw failure
    }
    if (this.#isBound()) {
      this.#bound = 'now'
      this.#listening = true
      return undefined
    }
    this.#bound = this.#listeningLater()
    return SyncPromise.of(this.#bound)
  }

  async #listeningLater(): Promise<void> {
    try {
      await once(this.#socket, 'listening')
      this.#listening = true
    } catch (error) {
      this.#failure = undefined
      this.#bound = undefined
      throw error
    }
  }

  #isBound(): boolean {
    try {
      this.#socket.address()
      return true
    } catch {
      return false
    }
  }

  bind(address: Address): Outcome<void> {
    if (address.family === 'unix') throw new Failure('EAFNOSUPPORT', `${show(address)} is no address for UDP`)
    if (this.#bound) throw new Failure('EINVAL', 'the socket has an address already')
    return this.#bind(address.host, address.port)
  }

  #bindAnywhere(): Outcome<void> {
    return this.#bind(this.#family === 'inet' ? '0.0.0.0' : '::', 0)
  }

  connect(address: Address): Outcome<void> {
    if (address.family === 'unix') throw new Failure('EAFNOSUPPORT', `${show(address)} is no address for UDP`)
    return after(this.#bindAnywhere(), () => {
      this.disconnect()
      const failing = new SyncPromise<void>()
      this.#socket.connect(address.port, address.host, (...failed: unknown[]) => failing.reject(failed[0]))
      // It is connected at once, or the callback says why not.
      return this.#isConnected() ? this.#connected(address) : failing
    })
  }

  #isConnected(): boolean {
    try {
      this.#socket.remoteAddress()
      return true
    } catch {
      return false
    }
  }

  #connected(address: Address): void {
    this.#peer = address
    // What others sent before.
    this.#queue = this.#queue.filter(({ from }) => show(from) === show(address))
  }

  disconnect(): void {
    if (this.#peer) this.#socket.disconnect()
    this.#peer = undefined
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

  send(bytes: Uint8Array, to: Address | undefined): Outcome<number> {
    this.#check()
    if (to?.family === 'unix') throw new Failure('EAFNOSUPPORT', `${show(to)} is no address for UDP`)
    return after(this.#bindAnywhere(), () => {
      const sent = new SyncPromise<number>()
      const copy = Buffer.from(bytes)
      const done = (error: Error | null): void => (error ? sent.reject(error) : sent.resolve(copy.length))
      if (to === undefined) this.#socket.send(copy, done)
      else this.#socket.send(copy, to.port, to.host, done)
      return sent
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
