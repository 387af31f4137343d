/** What the functions of `tcp-socket` and `udp-socket` of 0.3 have in common. */
import type { Address, IpAddress } from '../../network/address.ts'
import { Failure } from '../../outcome/failure.ts'
import { after, type Outcome } from '../../outcome/sync-promise.ts'
import type { Option } from '../../sockets/socket-calls.ts'
import type { AsyncHost } from '../async/host.ts'
import { fallible, func, type WitFunction, type WitFunctions } from '../async/wit-function.ts'
import { borrow, own } from '../canonical/handle.ts'
import { enumeration } from '../canonical/named.ts'
import { u64 } from '../canonical/scalars.ts'
import type { ValueType } from '../canonical/type.ts'
import type { Class } from '../handles.ts'
import { bufferSize, type IpFamily, type KeptOptions, type SharedSocket } from '../socket.ts'
import { socketAddress } from '../socket-address.ts'
import { asItIs, socketError } from './error-code.ts'

/** A function that may fail with the error code of sockets. */
export const socketFunc: ReturnType<typeof fallible<Failure>> = fallible<Failure>(socketError, asItIs)

/** `enum ip-address-family`, as sockets have it. */
export const ipFamily: ValueType<IpFamily> = enumeration<IpFamily>('inet', 'inet6')

export const invalidState = (what: string): never => {
  throw new Failure('EISCONN', what)
}

const ipOf = (address: Address): IpAddress =>
  address.family === 'unix' ? invalidState('the socket has an address of AF_UNIX') : address

/** A function that asks for an address. */
export const addressFunc = <S extends SharedSocket>(
  type: Class<S>,
  ask: (host: AsyncHost, socket: S) => Outcome<Address>,
): WitFunction => socketFunc([borrow(type)], socketAddress, (host, socket) => after(ask(host, socket), ipOf))

/** An option that is the system's, of a number of bytes. */
export const sizeFuncs = <S extends SharedSocket>(
  type: Class<S>,
  kind: 'tcp-socket' | 'udp-socket',
  name: string,
  option: Option,
): WitFunctions => ({
  [`[method]${kind}.get-${name}`]: socketFunc([borrow(type)], u64, ({ guest }, { id }) =>
    after(guest.sockets.getOption(id, option), BigInt),
  ),
  [`[method]${kind}.set-${name}`]: socketFunc([borrow(type), u64], undefined, ({ guest }, { id }, size) =>
    guest.sockets.setOption(id, option, bufferSize(size)),
  ),
})

/** An option that is kept. */
export const keptFuncs = <
  S extends SharedSocket & { readonly kept: KeptOptions },
  K extends keyof KeptOptions,
>(
  type: Class<S>,
  kind: 'tcp-socket' | 'udp-socket',
  name: string,
  key: K,
  value: ValueType<KeptOptions[K]>,
): WitFunctions => ({
  [`[method]${kind}.get-${name}`]: socketFunc([borrow(type)], value, (_host, { kept }) => kept[key]),
  [`[method]${kind}.set-${name}`]: socketFunc([borrow(type), value], undefined, (_host, { kept }, wanted) => {
    if (BigInt(wanted) === 0n) throw new Failure('EINVAL', 'the value is more than 0')
    kept[key] = wanted
  }),
})

export const familyFunc = <S extends SharedSocket>(type: Class<S>): WitFunction =>
  func([borrow(type)], ipFamily, (_host, { family }) => family)

export const dropFunc = <S extends SharedSocket>(type: Class<S>): WitFunction =>
  func([own(type)], undefined, (host, socket) => socket.release(host))

/** A new socket of the core, of one family alone. */
export const openSocket = <S>(
  { guest: { sockets } }: AsyncHost,
  family: IpFamily,
  kind: 'stream' | 'datagram',
  make: (id: number, family: IpFamily) => S,
): Outcome<S> =>
  after(sockets.open(family, kind), (id) =>
    after(family === 'inet6' ? sockets.setOption(id, 'IPV6_V6ONLY', 1) : undefined, () => make(id, family)),
  )
