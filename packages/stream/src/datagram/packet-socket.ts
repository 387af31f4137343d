import { EventEmitter } from 'node:events'
import {
  invalidArgument,
  invalidValue,
  sockets,
  SocketError,
  UnixAddress,
  type Readiness,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { positiveCount } from '../options/numbers.ts'
import type { Packet, PacketSocketEvents, PacketSocketOptions, SendPacketOptions } from './packet.ts'
import { SocketWatcher } from './socket-watcher.ts'
import { SendQueue } from './send-queue.ts'
import { ReceiveQueue } from './receive-queue.ts'

/** As many packets are received in one turn of the loop; then others have theirs. */
const PACKETS_A_TURN = 64

/** Receiving is synchronous, so all sockets of the thread share the memory for it. */
let scratch = Buffer.alloc(0)

/** What datagram and seqpacket sockets share: whole packets, in Node's loop. */
export abstract class PacketSocket extends EventEmitter<PacketSocketEvents> implements AsyncIterable<Packet> {
  /** The socket under it, for options. It must not be read while somebody listens to messages or iterates. */
  readonly handle: SocketHandle
  readonly #maxMessageBytes: number
  readonly #maxUnsent: number
  readonly #credentials: boolean
  readonly #interest: SocketWatcher
  readonly #received: ReceiveQueue
  readonly #outboxes = new Map<string, SendQueue>()
  #closed: SocketError | undefined

  protected constructor(handle: SocketHandle, options: PacketSocketOptions, where: string) {
    super()
    this.handle = handle
    try {
      this.#maxMessageBytes = positiveCount(where, 'maxMessageBytes', options.maxMessageBytes, 262_144)
      this.#maxUnsent = positiveCount(where, 'maxUnsent', options.maxUnsent, 1024)
      this.#received = new ReceiveQueue(positiveCount(where, 'maxQueued', options.maxQueued, 64), () =>
        this.#resume(),
      )
      this.#credentials = options.credentials ?? false
      if (this.#credentials) sockets.setOption(handle, 'SO_PASSCRED', true)
      handle.setNonblocking(true)
    } catch (error) {
      // Nobody else knows of the handle yet.
      handle.close()
      throw error
    }
    this.#interest = new SocketWatcher(handle, (error, ready) => this.#onReady(error, ready))
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

  /** Where it is bound; unnamed when it is not. */
  get address(): UnixAddress {
    return sockets.localAddress(this.handle) as UnixAddress
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    this.#interest.unref()
    return this
  }

  /** Keeps the process alive while packets are received (the default). */
  ref(): this {
    this.#interest.ref()
    return this
  }

  /** The packets, in order. While the loop body works up to `maxQueued` wait; then senders do. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Packet> {
    return this.#received.iterate()
  }

  /** Closes the socket. Packets that wait to be sent are lost, and their `send` rejects. Closing twice is no error. */
  close(): void {
    if (this.#closed) return
    this.#end(undefined)
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
    const key = to?.toString() ?? ''
    let outbox = this.#outboxes.get(key)
    if (!outbox) {
      outbox = new SendQueue(this.handle, to, () => this.#unsentChanged(key))
      this.#outboxes.set(key, outbox)
    }
    if (this.unsent >= this.#maxUnsent) {
      throw new SocketError({
        code: 'ENOBUFS',
        syscall: 'send',
        address: to?.toString(),
        detail: `${this.unsent} packets wait to be sent already`,
        advice: 'await send() before the next one',
      })
    }
    try {
      await outbox.send(bytes, options.signal)
    } finally {
      if (outbox.length === 0) this.#outboxes.delete(key)
    }
  }

  /** How many packets wait to be sent. */
  get unsent(): number {
    let total = 0
    for (const each of this.#outboxes.values()) total += each.length
    return total
  }

  /** What an empty packet means: the end, on a connection. */
  protected abstract readonly emptyIsEnd: boolean

  #unsentChanged(key: string): void {
    if (this.#closed || key !== '') return
    this.#interest.set({ writable: (this.#outboxes.get('')?.length ?? 0) > 0 })
  }

  #resume(): void {
    if (this.#closed) return
    this.#interest.set({ readable: this.listenerCount('message') > 0 || this.#received.wants })
  }

  #onReady(error: SocketError | null, ready: Readiness): void {
    if (error) return this.#end(error)
    if (ready.writable) this.#outboxes.get('')?.flush()
    if (ready.readable) this.#receive()
  }

  #receive(): void {
    for (let left = PACKETS_A_TURN; left > 0 && !this.#closed; left -= 1) {
      if (this.listenerCount('message') === 0 && !this.#received.wants) break
      const packet = this.#next()
      if (packet === 'nothing') break
      if (packet === 'end') return this.#end(undefined)
      const { data, ...info } = packet
      if (this.listenerCount('message') > 0) this.emit('message', data, info)
      else this.#received.push(packet)
    }
    this.#resume()
  }

  #next(): Packet | 'nothing' | 'end' {
    if (scratch.length < this.#maxMessageBytes) scratch = Buffer.allocUnsafe(this.#maxMessageBytes)
    const memory = scratch.subarray(0, this.#maxMessageBytes)
    try {
      const got = sockets.receiveMessage(this.handle, memory, { credentials: this.#credentials })
      if (got.bytes === 0 && this.emptyIsEnd) return 'end'
      return {
        data: Buffer.from(memory.subarray(0, got.bytes)),
        from: got.from instanceof UnixAddress ? got.from : undefined,
        credentials: got.credentials,
        truncated: got.truncated,
      }
    } catch (error) {
      if (error instanceof SocketError && error.code === 'EAGAIN') return 'nothing'
      this.#report(error as Error)
      // A connection is over with its first error; a datagram socket may have other senders.
      return this.emptyIsEnd ? 'end' : 'nothing'
    }
  }

  #report(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }

  #end(error: Error | undefined): void {
    this.#interest.close()
    this.#closed = new SocketError({
      code: 'EBADF',
      syscall: 'send',
      detail: 'the socket is closed',
      cause: error,
    })
    for (const each of this.#outboxes.values()) each.close(this.#closed)
    this.#outboxes.clear()
    this.release()
    this.#received.end(error)
    if (error) this.#report(error)
    queueMicrotask(() => this.emit('close'))
  }

  /** Gives up what the socket holds: the handle, and the file that it is bound to. */
  protected release(): void {
    this.handle.close()
  }
}

/** Data that a connection can carry: an empty packet would be read as its end. */
export const rejectEmpty = (data: string | Uint8Array): void => {
  if (data.length === 0)
    throw invalidValue('send', 'the data', 'must have a byte at least: an empty packet means the end', data)
}
