/** `wasi:sockets/network`, `instance-network` and `ip-name-lookup` of 0.2. */
import type { IpAddress } from '../network/address.ts'
import { Failure } from '../outcome/failure.ts'
import { after, type Outcome } from '../outcome/sync-promise.ts'
import { errorCode, result } from './error-code.ts'
import { dropRow, type ComponentHost, type ComponentRows } from './host.ts'
import { Pollable } from './pollable.ts'
import { IP, writeIp } from './socket-address.ts'
import { IoError } from './streams.ts'

/** There is one network; what may be done in it is a matter of the policy. */
export class Network {
  readonly name = 'the network'
}

export const networkRows: ComponentRows = {
  '[resource-drop]network': dropRow(Network),
  // option<error-code>
  'network-error-code': {
    parameters: 'ii',
    call: ({ handles, guest: { memory } }, error, at) => {
      const { failure } = handles.get(IoError, error)
      memory.setU8(at, 1)
      memory.setU8(at + 1, errorCode(failure.code))
    },
  },
}

export const instanceNetworkRows: ComponentRows = {
  'instance-network': { parameters: '', result: 'i', call: ({ handles }) => handles.add(new Network()) },
}

/** More are never returned. */
const MOST_ADDRESSES = 256

export class ResolveAddressStream {
  readonly #addresses: IpAddress[]

  constructor(addresses: readonly IpAddress[]) {
    this.#addresses = [...addresses]
  }

  next(): IpAddress | undefined {
    return this.#addresses.shift()
  }
}

/** The addresses of a name, as far as the host allows it. */
export const resolveName = ({ guest }: ComponentHost, name: string): Outcome<readonly IpAddress[]> => {
  if (name === '' || /[\s\0/]/.test(name)) throw new Failure('EINVAL', 'this is no name of a host')
  return guest.sockets.resolve(name, 0, undefined, MOST_ADDRESSES)
}

export const nameLookupRows: ComponentRows = {
  // The name is resolved here, and not by the stream: nothing in the loop is held up by that.
  'resolve-addresses': {
    parameters: 'iiii',
    waits: true,
    call: (host, network, pointer, length, at) => {
      host.handles.get(Network, network)
      return result(
        host,
        at,
        4,
        () => {
          const name = host.guest.memory.text(pointer, length)
          return after(resolveName(host, name), (found) => new ResolveAddressStream(found))
        },
        (stream, place) => host.guest.memory.setU32(place, host.handles.add(stream)),
      )
    },
  },
  // result<option<ip-address>, error-code>
  '[method]resolve-address-stream.resolve-next-address': {
    parameters: 'ii',
    call: (host, self, at) => {
      const { memory } = host.guest
      memory.check(at, 4 + IP)
      const next = host.handles.get(ResolveAddressStream, self).next()
      memory.setU8(at, 0)
      memory.setU8(at + 2, next ? 1 : 0)
      if (next) writeIp(memory, at + 4, next.host)
    },
  },
  '[method]resolve-address-stream.subscribe': {
    parameters: 'i',
    result: 'i',
    call: ({ handles }, self) => {
      handles.get(ResolveAddressStream, self)
      return handles.add(new Pollable(() => ({ kind: 'ready' })))
    },
  },
  '[resource-drop]resolve-address-stream': dropRow(ResolveAddressStream),
}
