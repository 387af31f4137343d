/** WasmEdge's `sock_getaddrinfo`, which fills a list that the guest has linked beforehand. */
import { ipBytes, type IpAddress } from '../../network/address.ts'
import type { GuestMemory } from '../../memory/guest-memory.ts'
import { after } from '../../outcome/sync-promise.ts'
import type { Row } from '../abi.ts'
import { servicePort } from '../rows.ts'

/** `addrinfo`: 28 bytes; `sockaddr`: 12 */
const ADDRINFO = 28
const SOCKADDR = 12
/** Bytes behind a sockaddr: the port in network order, and the address. */
const DATA_INET = 14
const DATA_INET6 = 26

const INET = 1
const INET6 = 2
const DATAGRAM = 1
const STREAM = 2
const IPPROTO_TCP = 1
const IPPROTO_UDP = 2

const MOST = 64

const fill = (memory: GuestMemory, at: number, address: IpAddress, type: number): void => {
  const inet = address.family === 'inet'
  const size = inet ? DATA_INET : DATA_INET6
  const sockaddr = memory.u32(at + 12)
  const data = memory.u32(sockaddr + 8)
  const bytes = memory.bytes(data, size)
  bytes.fill(0)
  bytes[0] = address.port >> 8
  bytes[1] = address.port & 255
  bytes.set(ipBytes(address.host), 2)
  memory.setU8(sockaddr, inet ? INET : INET6)
  memory.setU32(sockaddr + 4, size)
  memory.setU8(at + 2, inet ? INET : INET6)
  memory.setU8(at + 3, type)
  memory.setU8(at + 4, type === DATAGRAM ? IPPROTO_UDP : IPPROTO_TCP)
  memory.setU32(at + 8, SOCKADDR + size)
}

export const resolveRow: Row = {
  parameters: 'iiiiiiii',
  subject: 'guest',
  waits: true,
  call: (guest, node, nodeLength, service, serviceLength, hints, result, most, count) => {
    const { memory } = guest
    memory.check(count, 4)
    const room = Math.min(most >>> 0, MOST)
    let at = memory.u32(result)
    memory.check(at, ADDRINFO)
    const family = memory.u8(hints + 2)
    const type = memory.u8(hints + 3) === DATAGRAM ? DATAGRAM : STREAM
    const wanted = family === INET ? 'inet' : family === INET6 ? 'inet6' : undefined
    const host = memory.text(node, nodeLength).replace(/\0.*$/s, '')
    const port = servicePort(memory.text(service, serviceLength).replace(/\0.*$/s, ''))
    return after(guest.sockets.resolve(host, port, wanted, room), (found) => {
      let filled = 0
      for (const each of found) {
        if (at === 0) break
        fill(memory, at, each, type)
        at = memory.u32(at + 24)
        filled += 1
      }
      memory.setU32(count, filled)
    })
  },
}
