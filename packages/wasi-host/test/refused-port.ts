import { InetAddress, sockets } from '@uds/winsock-ffi'
import { onTestFinished } from 'vitest'

/** A port at which connections are refused, and which nobody else gets meanwhile: bound, but not listening. */
export const refusedPort = (): number => {
  const holder = sockets.open('inet')
  onTestFinished(() => holder.close())
  sockets.bind(holder, new InetAddress('127.0.0.1', 0))
  const address = sockets.localAddress(holder)
  if (!(address instanceof InetAddress)) throw new TypeError('an inet socket has another address')
  return address.port
}
