/** The types of addresses: an object for each scheme, and what `connect` accepts for a net.Socket. */

/** An AF_UNIX socket in the file system. */
export interface UnixPathAddress {
  readonly scheme: 'unix'
  readonly path: string
}

/** An AF_UNIX socket with a name outside the file system (Linux). */
export interface AbstractAddress {
  readonly scheme: 'unix'
  /** The name, without the NUL that begins it in the system; NULs within it and at its end count. */
  readonly abstract: string
}

/** What the `unix:` scheme names. */
export type UnixTarget = UnixPathAddress | AbstractAddress

/** A named pipe (Windows). */
export interface PipeAddress {
  readonly scheme: 'pipe'
  /** The name, without `\\.\pipe\`. */
  readonly name: string
  /** Another computer, whose pipes only `@uds/pipes` opens; undefined for this one. */
  readonly host?: string | undefined
}

/** A bare name, which the system's safe place for the current user makes an address. */
export interface NameAddress {
  readonly scheme: 'name'
  readonly name: string
}

/** TCP. */
export interface TcpAddress {
  readonly scheme: 'tcp'
  /** A host name or an IP address, an IPv6 one without brackets. */
  readonly host: string
  /** 0 to 65535; 0 lets `listen` choose one. */
  readonly port: number
}

/** A port of a virtual machine, or of its host (Linux). */
export interface VsockTextAddress {
  readonly scheme: 'vsock'
  /** The context: 2 is the host, 1 this machine itself, 4294967295 (`any`) every one of this machine, to listen. */
  readonly cid: number
  /** 0 to 4294967295; the last (`any`) lets `listen` choose one. */
  readonly port: number
}

/** A listener in the memory of this thread. */
export interface MemoryAddress {
  readonly scheme: 'memory'
  readonly name: string
}

/** A socket that this process has already, as a descriptor (POSIX). */
export interface FdAddress {
  readonly scheme: 'fd'
  readonly fd: number
}

/** An address that was read. `formatAddress` writes it. */
export type Address =
  | UnixPathAddress
  | AbstractAddress
  | PipeAddress
  | NameAddress
  | TcpAddress
  | VsockTextAddress
  | MemoryAddress
  | FdAddress

/** Addresses whose connections are `net.Socket`s on every system. */
export type SocketAddressText = `unix:${string}` | `tcp:${string}` | `fd:${string}`
export type SocketAddressObject = UnixPathAddress | AbstractAddress | TcpAddress | FdAddress
