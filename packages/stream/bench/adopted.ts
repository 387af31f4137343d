/**
 * AF_INET by the way of AF_UNIX on Windows: Winsock's calls, a watched listener, adopted connections. Where the system
 * has no AF_UNIX (Wine before 11) it shows what that way costs, as only the address differs.
 */
import type { Socket } from 'node:net'
import { InetAddress, sockets } from '@uds/winsock-ffi'
import {
  ConnectionListener,
  parseAddress,
  type ConnectOptions,
  type Listener,
  type ListenOptions,
} from '@uds/stream'
import { connectSocket } from '../src/native-socket/connect-socket.ts'
import { listenSocket } from '../src/native-socket/listen-socket.ts'

const inetOf = (text: string): InetAddress => {
  const address = parseAddress(text)
  if (address.scheme !== 'tcp') throw new Error(`${text} is no address of TCP`)
  return new InetAddress(address.host, address.port)
}

export const listenAdopted = async (text: string, options: ListenOptions = {}): Promise<Listener<Socket>> => {
  const listener = new ConnectionListener<Socket>(options)
  const handle = sockets.open('inet')
  sockets.bind(handle, inetOf(text))
  const bound = sockets.localAddress(handle)
  return listenSocket({ handle, address: () => bound.toString(), release: () => {} }, options, listener)
}

export const connectAdopted = (text: string, options: ConnectOptions = {}): Promise<Socket> =>
  connectSocket(inetOf(text), options)
