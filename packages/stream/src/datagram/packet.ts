/** Packets of datagram and seqpacket sockets: their types and the options of the sockets. */
import type { Descriptor, PeerCredentials, SenderCredentials, UnixAddress } from '@uds/winsock-ffi'
import type { Sendable } from '../descriptors/sendable.ts'

/** The metadata of a packet. */
export interface PacketInfo {
  /** The sender; undefined for one that is not bound, and on seqpacket connections. */
  readonly from: UnixAddress | undefined
  /** The process that sent it, with the option `credentials`. */
  readonly credentials: PeerCredentials | undefined
  /** The packet was longer than `maxMessageBytes`, and the rest is lost. */
  readonly truncated: boolean
  /**
   * The descriptors of the packet (SCM_RIGHTS), which are the receiver's to close. A receiver that has not read this property
   * when the next packet arrives, or the socket is closed, does not want them: they are closed then.
   */
  readonly descriptors: readonly Descriptor[]
  /** Descriptors were lost: more came than `maxDescriptors`, or this process may open no more (EMFILE). */
  readonly descriptorsTruncated: boolean
}

/** A packet with its metadata. */
export interface Packet extends PacketInfo {
  readonly data: Buffer
}

export interface PacketSocketEvents {
  /** A packet. Without a listener or an iterator nothing is received, and senders wait. */
  message: [data: Buffer, info: PacketInfo]
  /** A failure outside of any call. A socket without a listener for it goes on. */
  error: [error: Error]
  /** The socket is closed. */
  close: []
}

export interface PacketSocketOptions {
  /**
   * The longest packet that is received whole, in bytes.
   *
   * @default 262_144
   */
  readonly maxMessageBytes?: number | undefined
  /**
   * The number of packets that wait for the iterator before receiving pauses.
   *
   * @default 64
   */
  readonly maxQueued?: number | undefined
  /**
   * The number of packets that wait to be sent; a further `send` rejects with `ENOBUFS`.
   *
   * @default 1024
   */
  readonly maxUnsent?: number | undefined
  /**
   * Linux: receive the credentials of each sender, as the kernel vouches for them (SO_PASSCRED).
   *
   * @default false
   */
  readonly credentials?: boolean | undefined
  /**
   * The largest number of descriptors that a packet may bring, 0 to 253. Further ones are closed; with 0 Linux 6.16 refuses them
   * (`EPERM` for the sender, SO_PASSRIGHTS).
   *
   * @default 253
   */
  readonly maxDescriptors?: number | undefined
}

export interface SendPacketOptions {
  /**
   * Descriptors that travel with the packet, 253 at most (SCM_RIGHTS, unix(7)). They stay open in this process, and may be
   * closed as soon as the call has returned its promise.
   */
  readonly descriptors?: readonly Sendable[] | undefined
  /**
   * Linux: who the packet is from, for a receiver that asks for credentials. What is left out is that of this process; the
   * kernel refuses what this process may not say (`EPERM`): another pid takes CAP_SYS_ADMIN (unix(7), SCM_CREDENTIALS).
   */
  readonly credentials?: Partial<SenderCredentials> | undefined
  /** Aborts the wait for room. The packet is then not sent. */
  readonly signal?: AbortSignal | undefined
}
