/** Rows of `tcp-socket` and `udp-socket` of 0.2 that both have. */
import type { Address } from '../network/address.ts'
import { Failure } from '../outcome/failure.ts'
import { after, type Outcome } from '../outcome/sync-promise.ts'
import type { Option } from '../sockets/socket-calls.ts'
import { result, unitResult } from './error-code.ts'
import type { Class } from './handles.ts'
import type { ComponentHost, ComponentRow, ComponentRows } from './host.ts'
import { writeAddress } from './socket-address.ts'
import { bufferSize, type IpFamily, type KeptOptions, type SharedSocket } from './socket.ts'

/** A row whose result is `result<_, error-code>`. */
export const unitRow = <S extends SharedSocket>(
  type: Class<S>,
  parameters: string,
  action: (host: ComponentHost, socket: S, args: readonly number[]) => Outcome<unknown>,
): ComponentRow => ({
  parameters: `i${parameters}i`,
  waits: true,
  call: (host, self, ...rest) => {
    const socket = host.handles.get(type, self)
    return unitResult(host, rest.at(-1)!, () => action(host, socket, rest.slice(0, -1)))
  },
})

/** A row whose result is `result<T, error-code>`, and that takes nothing but the socket. */
export const resultRow = <S extends SharedSocket, T>(
  type: Class<S>,
  payload: number,
  action: (host: ComponentHost, socket: S) => Outcome<T>,
  write: (host: ComponentHost, value: T, at: number) => void,
): ComponentRow => ({
  parameters: 'ii',
  waits: true,
  call: (host, self, at) => {
    const socket = host.handles.get(type, self)
    return result(
      host,
      at,
      payload,
      () => action(host, socket),
      (value, place) => write(host, value, place),
    )
  },
})

export const addressRow = <S extends SharedSocket>(
  type: Class<S>,
  action: (host: ComponentHost, socket: S) => Outcome<Address>,
): ComponentRow =>
  resultRow(type, 4, action, ({ guest }, address, place) => writeAddress(guest.memory, place, address))

/** Writes the handles of what a call has made. */
export const setHandles = (host: ComponentHost, handles: readonly number[], at: number): void => {
  for (const [index, handle] of handles.entries()) host.guest.memory.setU32(at + 4 * index, handle)
}

export const familyRow = <S extends SharedSocket>(type: Class<S>): ComponentRow => ({
  parameters: 'i',
  result: 'i',
  call: (host, self) => (host.handles.get(type, self).family === 'inet' ? 0 : 1),
})

export const dropSocketRow = <S extends SharedSocket>(type: Class<S>): ComponentRow => ({
  parameters: 'i',
  waits: true,
  call: (host, self) => host.handles.remove(type, self).release(host),
})

type Kind = 'tcp-socket' | 'udp-socket'

/** A pair of rows for an option of the system that is a number of bytes. */
export const sizeRows = <S extends SharedSocket>(
  type: Class<S>,
  kind: Kind,
  name: string,
  option: Option,
): ComponentRows => ({
  [`[method]${kind}.${name}`]: resultRow(
    type,
    8,
    ({ guest }, { id }) => guest.sockets.getOption(id, option),
    ({ guest }, value, place) => guest.memory.setU64(place, BigInt(value)),
  ),
  [`[method]${kind}.set-${name}`]: unitRow(type, 'I', ({ guest }, { id }, [size]) =>
    guest.sockets.setOption(id, option, bufferSize(BigInt.asUintN(64, BigInt(size!)))),
  ),
})

/** A pair of rows for a value that is kept: `I` of 64 bits, `i` of 32, `b` of 8. */
export const keptRows = <S extends SharedSocket & { readonly kept: KeptOptions }>(
  type: Class<S>,
  kind: Kind,
  name: string,
  key: keyof KeptOptions,
  width: 'I' | 'i' | 'b',
): ComponentRows => ({
  [`[method]${kind}.${name}`]: resultRow(
    type,
    width === 'I' ? 8 : width === 'i' ? 4 : 1,
    (_host, { kept }) => kept[key],
    ({ guest: { memory } }, value, place) => {
      if (width === 'I') memory.setU64(place, BigInt(value))
      else if (width === 'i') memory.setU32(place, Number(value))
      else memory.setU8(place, Number(value))
    },
  ),
  [`[method]${kind}.set-${name}`]: unitRow(type, width === 'I' ? 'I' : 'i', (_host, { kept }, [value]) => {
    if (BigInt(value!) === 0n) throw new Failure('EINVAL', 'the value is more than 0')
    Object.assign(kept, { [key]: value })
  }),
})

/** `create-tcp-socket`, `create-udp-socket` */
export const createRow = (
  kind: 'stream' | 'datagram',
  make: (id: number, family: IpFamily) => SharedSocket,
): ComponentRow => ({
  parameters: 'ii',
  waits: true,
  call: (host, family, at) => {
    const known = family === 0 ? 'inet' : 'inet6'
    const { sockets } = host.guest
    return result(
      host,
      at,
      4,
      () =>
        after(sockets.open(known, kind), (id) =>
          after(sockets.setNonblocking(id, true), () => make(id, known)),
        ),
      (socket, place) => host.guest.memory.setU32(place, host.handles.add(socket)),
    )
  },
})
