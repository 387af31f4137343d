/**
 * AF_UNIX sockets that carry whole messages, in Node's loop: datagrams, seqpacket connections, and the two datagram
 * services every Linux system has.
 *
 * @packageDocumentation
 */
export { UnixDatagramSocket } from './unix-datagram-socket.ts'
export type { BindOptions, SendDatagramOptions } from './unix-datagram-socket.ts'
export type {
  Packet,
  PacketInfo,
  PacketSocketEvents,
  PacketSocketOptions,
  SendPacketOptions,
} from './packet.ts'
export type { SocketSource } from '../inherited/claim-socket.ts'
export type { Sendable } from '../descriptors/sendable.ts'
export type { UnixAddressLike } from './unix-address.ts'
export { connectSeqpacket, listenSeqpacket, SeqpacketListener, SeqpacketSocket } from './seqpacket.ts'
export type { ListenSeqpacketOptions, SeqpacketListenerEvents } from './seqpacket.ts'
export { systemdBarrier, systemdNotify, systemdWatchdog } from './systemd.ts'
export type { SystemdNotifyOptions, SystemdState } from './systemd.ts'
export { facilities, formatSyslog, severities, syslog } from './syslog.ts'
export type { SyslogFacility, SyslogOptions, SyslogSeverity } from './syslog.ts'
