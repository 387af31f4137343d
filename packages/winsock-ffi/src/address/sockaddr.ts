/**
 * The bytes of `struct sockaddr_un`, `sockaddr_in` and `sockaddr_in6`, for any system on any system.
 *
 * ```c
 * // Linux (unix(7), ip(7), ipv6(7)); Windows (afunix.h, ws2def.h, ws2ipdef.h)
 * struct sockaddr_un  { uint16_t sun_family; char sun_path[108]; };
 * struct sockaddr_in  { uint16_t sin_family; uint16_t sin_port; uint32_t sin_addr; uint8_t sin_zero[8]; };
 * struct sockaddr_in6 { uint16_t sin6_family; uint16_t sin6_port; uint32_t sin6_flowinfo; uint8_t sin6_addr[16]; uint32_t sin6_scope_id; };
 * // macOS (xnu bsd/sys/un.h, bsd/netinet/in.h): a length byte, then a family of one byte
 * struct sockaddr_un  { uint8_t sun_len; uint8_t sun_family; char sun_path[104]; };
 * ```
 */
export interface SockaddrLayout {
  /** True where byte 0 is the length of the whole and byte 1 the family (the BSDs, macOS). */
  readonly lengthByte: boolean
  readonly AF_UNIX: number
  readonly AF_INET: number
  readonly AF_INET6: number
  /** Where this package knows the address of virtual machines: vsock(7). */
  readonly AF_VSOCK: number | undefined
  /** sizeof(sun_path). */
  readonly UNIX_PATH_MAX: number
  /** Bytes that a path may have: one less, for the NUL; Linux takes one that fills `sun_path`, too (unix(7), BUGS). */
  readonly longestPath: number
  /** True where a name that begins with a NUL byte lives outside the file system (Linux). */
  readonly abstractNames: boolean
}

/** Offset of `sun_path` in every layout. */
export const SUN_PATH = 2
/** Room for any address: sizeof(struct sockaddr_storage). */
export const SOCKADDR_STORAGE_SIZE = 128
export const SOCKADDR_IN_SIZE = 16
export const SOCKADDR_IN6_SIZE = 28

export const linuxLayout: SockaddrLayout = {
  lengthByte: false,
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_VSOCK: 40,
  UNIX_PATH_MAX: 108,
  longestPath: 108,
  abstractNames: true,
}

export const darwinLayout: SockaddrLayout = {
  lengthByte: true,
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 30,
  AF_VSOCK: undefined,
  UNIX_PATH_MAX: 104,
  longestPath: 103,
  abstractNames: false,
}

export const windowsLayout: SockaddrLayout = {
  lengthByte: false,
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 23,
  AF_VSOCK: undefined,
  UNIX_PATH_MAX: 108,
  longestPath: 107,
  abstractNames: false,
}

const putFamily = (bytes: Uint8Array, family: number, layout: SockaddrLayout): void => {
  if (layout.lengthByte) {
    bytes[0] = bytes.length
    bytes[1] = family
  } else {
    // Every system without the length byte that is supported here is little-endian.
    bytes[0] = family
    bytes[1] = 0
  }
}

/** The family in a `sockaddr`; 0 (AF_UNSPEC) when there are too few bytes to hold one. */
export const familyOf = (bytes: Uint8Array, layout: SockaddrLayout): number =>
  bytes.length < 2 ? 0 : layout.lengthByte ? bytes[1]! : bytes[0]! | (bytes[1]! << 8)

/**
 * A `sockaddr_un` of exactly the length that `bind` and `connect` want: an unnamed one is the family alone, a path
 * ends with its NUL unless it fills `sun_path`, an abstract name has no NUL at its end because its length is what bounds it (unix(7)).
 *
 * @param name - The bytes of the path, or of the abstract name with its leading NUL; none for an unnamed address.
 */
export const encodeUnix = (name: Uint8Array, layout: SockaddrLayout): Uint8Array => {
  const isPath = name.length > 0 && name[0] !== 0
  const end = isPath && name.length < layout.UNIX_PATH_MAX ? 1 : 0
  const bytes = new Uint8Array(SUN_PATH + name.length + end)
  putFamily(bytes, layout.AF_UNIX, layout)
  bytes.set(name, SUN_PATH)
  return bytes
}

/**
 * The name in a `sockaddr_un` that the system filled in. Paths end at the first NUL, if there is one at all: the
 * kernel need not write it when the path fills `sun_path`. An abstract name keeps its leading NUL. Windows fills in
 * a whole structure with an empty path for an unnamed socket, which is therefore unnamed as well.
 */
export const decodeUnix = (bytes: Uint8Array, layout: SockaddrLayout): Uint8Array => {
  const name = bytes.subarray(SUN_PATH, SUN_PATH + layout.UNIX_PATH_MAX)
  if (name[0] === 0) return layout.abstractNames && name.length > 1 ? name.slice() : new Uint8Array(0)
  const end = name.indexOf(0)
  return name.slice(0, end === -1 ? undefined : end)
}

/** The fields of a `sockaddr_in` or `sockaddr_in6`. */
export interface InetFields {
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array
  readonly port: number
  /** `sin6_scope_id`: the interface of a link-local address. */
  readonly scopeId: number
}

export const encodeInet = ({ ip, port, scopeId }: InetFields, layout: SockaddrLayout): Uint8Array => {
  const v6 = ip.length === 16
  const bytes = new Uint8Array(v6 ? SOCKADDR_IN6_SIZE : SOCKADDR_IN_SIZE)
  putFamily(bytes, v6 ? layout.AF_INET6 : layout.AF_INET, layout)
  const view = new DataView(bytes.buffer)
  view.setUint16(2, port)
  bytes.set(ip, v6 ? 8 : 4)
  // sin6_scope_id is in the order of the host, and every supported host is little-endian.
  if (v6) view.setUint32(24, scopeId, true)
  return bytes
}

export const decodeInet = (bytes: Uint8Array, layout: SockaddrLayout): InetFields => {
  const v6 = familyOf(bytes, layout) === layout.AF_INET6
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    ip: v6 ? bytes.slice(8, 24) : bytes.slice(4, 8),
    port: view.getUint16(2),
    scopeId: v6 ? view.getUint32(24, true) : 0,
  }
}
