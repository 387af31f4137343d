/** VsockAddress: a port of a virtual machine or of its host. */
import { integer } from '../options/values.ts'

/** <linux/vm_sockets.h>: struct sockaddr_vm { family, reserved, port, cid, flags, zero[3] } */
const SIZE = 16
const PORT = 4
const CID = 8
const AF_VSOCK = 40

const MAX = 0xffff_ffff

/** VMADDR_CID_ANY, VMADDR_PORT_ANY: every context of this machine; a port that the system chooses. */
export const VSOCK_ANY: number = MAX

/**
 * The address of a vsock socket: the context of a virtual machine and a port there. Immutable.
 *
 * ## Platform behaviour
 * Linux.
 *
 * @see vsock(7)
 */
export class VsockAddress {
  readonly family = 'vsock'
  /** 2 is the host of a virtual machine, 1 this machine itself (where the kernel has vsock_loopback), 4294967295 any. */
  readonly cid: number
  readonly port: number

  /** @throws RangeError `ERR_OUT_OF_RANGE`. */
  constructor(cid: number, port: number) {
    this.cid = integer('VsockAddress', 'the cid', cid, 0, MAX)
    this.port = integer('VsockAddress', 'the port', port, 0, MAX)
  }

  /** Reads a `sockaddr_vm`. */
  static decode(bytes: Uint8Array): VsockAddress {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new VsockAddress(view.getUint32(CID, true), view.getUint32(PORT, true))
  }

  /** The `sockaddr_vm`. */
  encode(): Uint8Array {
    const view = new DataView(new ArrayBuffer(SIZE))
    // Every supported system with vsock is little-endian.
    view.setUint16(0, AF_VSOCK, true)
    view.setUint32(PORT, this.port, true)
    view.setUint32(CID, this.cid, true)
    return new Uint8Array(view.buffer)
  }

  /** `vsock:CID:PORT`, which `parseAddress` reads. */
  toString(): string {
    return `vsock:${this.cid === VSOCK_ANY ? 'any' : this.cid}:${this.port === VSOCK_ANY ? 'any' : this.port}`
  }

  equals(other: unknown): boolean {
    return other instanceof VsockAddress && other.cid === this.cid && other.port === this.port
  }
}
