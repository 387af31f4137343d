import { InetAddress, UnixAddress, type SocketAddress } from '@uds/winsock-ffi'

/** Reads `unix:PATH` or `tcp:HOST:PORT`, as the addresses of this layer print themselves. */
export const parseAddress = (text: string): SocketAddress => {
  const unix = /^unix:(.+)$/s.exec(text)
  if (unix) return UnixAddress.path(unix[1]!)
  const tcp = /^tcp:\[?([^\]]+?)\]?:(\d+)$/.exec(text)
  if (tcp) return new InetAddress(tcp[1]!, Number(tcp[2]))
  throw new Error(`not an address: "${text}" (expected unix:PATH or tcp:HOST:PORT)`)
}
