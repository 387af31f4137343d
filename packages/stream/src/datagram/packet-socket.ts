/** PacketSocket: whole packets in Node's loop. */
import { EventEmitter } from 'node:events'
import {
  invalidArgument,
  invalidValue,
  sockets,
  SocketError,
  UnixAddress,
  type Readiness,
  type SenderCredentials,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { refuseDescriptors } from '../descriptors/refuse.ts'
import { takeDescriptor } from '../descriptors/sendable.ts'
import type { Packet, PacketSocketEvents, PacketSocketOptions, SendPacketOptions } from './packet.ts'
import { packetSettings, type PacketSettings } from './packet-settings.ts'
import { SocketWatcher } from '../native-socket/socket-watcher.ts'
import { ReceivedPacket, ReceivedPacketInfo, type PacketParts } from './received-packet.ts'
import { SendQueue } from './send-queue.ts'
import { ReceiveQueue } from './receive-queue.ts'

/** Packets received in one turn of the loop, so that other sockets have their turn. */
const PACKETS_A_TURN = 64

/** Receiving is synchronous: all sockets of a thread share this memory. */
let scratch = Buffer.alloc(0)

interface Received {
  readonly data: Buffer
  readonly parts: PacketParts
}

/** Receives and sends whole packets in Node's loop: the base of datagram and seqpacket sockets. */
export abstract class PacketSocket extends EventEmitter<PacketSocketEvents> implements AsyncIterable<Packet> {
  /** The socket itself, for its options. A program that reads from it takes packets away from listeners and iterators. */
  readonly handle: SocketHandle
  readonly #settings: PacketSettings
  readonly #watcher: SocketWatcher
  readonly #received: ReceiveQueue
  readonly #sendQueues = new Map<string, SendQueue>()
  #lastInfo: ReceivedPacketInfo | undefined
  /** The error of a connection that is read to its end. */
  #broken: Error | undefined
  #closed: SocketError | undefined

  /** @param closes - Closes the handle where this throws; otherwise it stays with the caller. */
  protected constructor(handle: SocketHandle, options: PacketSocketOptions, where: string, closes: boolean) {
    super()
    this.handle = handle
    try {
      this.#settings = packetSettings(where, options)
      if (this.#settings.maxDescriptors === 0) refuseDescriptors(handle)
      if (this.#settings.credentials) sockets.setOption(handle, 'SO_PASSCRED', true)
      handle.setNonblocking(true)
    } catch (error) {
      if (closes) handle.close()
      throw error
    }
    this.#received = new ReceiveQueue(this.#settings.maxQueued, () => this.#resume())
    this.#watcher = new SocketWatcher(
      handle,
      (ready) => this.#onReady(ready),
      (error) => this.#end(error),
    )
    const changed = (event: string | symbol): void => {
      // The listener is there, or gone, in the next microtask.
      if (event === 'message') queueMicrotask(() => this.#resume())
    }
    // The types of a typed EventEmitter leave out the events of EventEmitter itself.
    EventEmitter.prototype.on.call(this, 'newListener', changed).on('removeListener', changed)
  }

  /** True once it is closed. */
  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** The address that it is bound to; unnamed without one. */
  get address(): UnixAddress {
    return sockets.localAddress(this.handle) as UnixAddress
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    this.#watcher.unref()
    return this
  }

  /** Keeps the process alive while packets are received (the default). */
  ref(): this {
    this.#watcher.ref()
    return this
  }

  /** The packets, in order. While the loop body works, up to `maxQueued` packets wait; then senders do. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Packet> {
    return this.#received.iterate()
  }

  /**
   * Closes the socket, and the descriptors of packets that were not received yet. Packets that wait to be sent are lost, and
   * their `send` rejects. Closing twice is no error.
   */
  close(): void {
    if (!this.#closed) this.#end(undefined)
    this.#lastInfo?.closeUnclaimed()
    this.#received.closeDescriptors()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Sends a packet as soon as there is room for it. */
  protected async sendTo(
    data: string | Uint8Array,
    to: UnixAddress | undefined,
    options: SendPacketOptions,
  ): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    if (!(bytes instanceof Uint8Array)) throw invalidArgument('send', 'the data', 'a string or bytes', data)
    if (this.#closed) throw this.#closed
    const descriptors = (options.descriptors ?? []).map((each) => takeDescriptor(each, 'send'))
    const credentials = options.credentials && { ...ownCredentials(), ...options.credentials }
    if (this.unsent >= this.#settings.maxUnsent) {
      throw new SocketError({
        code: 'ENOBUFS',
        syscall: 'send',
        address: to?.toString(),
        detail: `${this.unsent} packets wait to be sent already`,
        advice: 'await send() before the next one',
      })
    }
    const key = to?.toString() ?? ''
    let queue = this.#sendQueues.get(key)
    if (!queue) {
      queue = new SendQueue(this.handle, to, () => this.#unsentChanged(key))
      this.#sendQueues.set(key, queue)
    }
    try {
      await queue.send({ data: bytes, descriptors, credentials }, options.signal)
    } finally {
      if (queue.length === 0) this.#sendQueues.delete(key)
    }
  }

  /** The number of packets that wait to be sent. */
  get unsent(): number {
    let total = 0
    for (const each of this.#sendQueues.values()) total += each.length
    return total
  }

  /** True for connections, on which an empty packet is the end. */
  protected abstract readonly emptyIsEnd: boolean

  #unsentChanged(key: string): void {
    if (this.#closed || key !== '') return
    this.#watcher.set({ writable: (this.#sendQueues.get('')?.length ?? 0) > 0 })
  }

  #resume(): void {
    if (this.#closed) return
    this.#watcher.set({ readable: this.listenerCount('message') > 0 || this.#received.wants })
  }

  #onReady(ready: Readiness): void {
    if (this.#closed) return
    if (ready.writable) this.#sendQueues.get('')?.flush()
    if (ready.readable) this.#receive()
    this.#resume()
  }

  #receive(): void {
    for (let left = PACKETS_A_TURN; left > 0 && !this.#closed; left -= 1) {
      if (this.listenerCount('message') === 0 && !this.#received.wants) return
      let received: Received | 'nothing' | 'end'
      try {
        received = this.#next()
      } catch (error) {
        if (!this.#goesOnAfter(error as Error)) return
        continue
      }
      if (received === 'nothing') return
      if (received === 'end') return this.#end(this.#broken)
      this.#deliver(received)
    }
  }

  #deliver({ data, parts }: Received): void {
    if (this.listenerCount('message') === 0) return this.#received.push(new ReceivedPacket(data, parts))
    this.#lastInfo?.closeUnclaimed()
    this.#lastInfo = new ReceivedPacketInfo(parts)
    this.emit('message', data, this.#lastInfo)
  }

  /** Returns the next packet, or that none is there yet, or the end of a connection. */
  #next(): Received | 'nothing' | 'end' {
    const { maxMessageBytes, maxDescriptors, credentials } = this.#settings
    if (scratch.length < maxMessageBytes) scratch = Buffer.allocUnsafe(maxMessageBytes)
    const memory = scratch.subarray(0, maxMessageBytes)
    const got = sockets.tryReceiveMessage(this.handle, memory, { credentials, maxDescriptors })
    if (got === undefined) return 'nothing'
    if (got.bytes === 0 && got.descriptors.length === 0 && this.emptyIsEnd) return 'end'
    const from = got.from instanceof UnixAddress ? got.from : undefined
    return { data: Buffer.from(memory.subarray(0, got.bytes)), parts: { ...got, from } }
  }

  /** Returns true when another packet may be there after a failed receive. */
  #goesOnAfter(error: Error): boolean {
    const { code } = error as NodeJS.ErrnoException
    if (!this.emptyIsEnd && code !== 'EBADF' && code !== 'ENOTSOCK') {
      // A datagram socket may have other senders.
      this.#report(error)
      return false
    }
    // Linux returns the error of a broken seqpacket connection before the packets that had arrived.
    if (code === 'ECONNRESET' && !this.#broken) {
      this.#broken = error
      return true
    }
    this.#end(this.#broken ?? error)
    return false
  }

  #report(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }

  #end(reason: Error | undefined): void {
    if (this.#closed) return
    let error = reason
    this.#watcher.close()
    this.#closed = new SocketError({
      code: 'EBADF',
      syscall: 'send',
      detail: 'the socket is closed',
      cause: error,
    })
    for (const each of this.#sendQueues.values()) each.close(this.#closed)
    this.#sendQueues.clear()
    try {
      this.release()
    } catch (failure) {
      error ??= failure as Error
    }
    this.#received.end(error)
    if (error) this.#report(error)
    queueMicrotask(() => this.emit('close'))
  }

  /** Closes the handle; a subclass removes the file that it is bound to. */
  protected release(): void {
    this.handle.close()
  }
}

const ownCredentials = (): SenderCredentials => ({
  pid: process.pid,
  uid: process.geteuid?.() ?? 0,
  gid: process.getegid?.() ?? 0,
})

/**
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for an empty packet, which the peer of a connection would read as its end.
 */
export const rejectEmpty = (data: string | Uint8Array): void => {
  if (data.length === 0)
    throw invalidValue('send', 'the data', 'must have a byte at least: an empty packet means the end', data)
}
