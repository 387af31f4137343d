/** What the compiler must say. Compiled by tsc -b; nothing of it is run. */
import { expectTypeOf } from 'vitest'
import { libc, sockets, winsock, type Descriptor, type SocketHandle } from '@uds/winsock-ffi'

expectTypeOf(libc.send).parameters.toEqualTypeOf<[number, ArrayBufferView | bigint | null, number, number]>()
expectTypeOf(libc.send).returns.toEqualTypeOf<number>()
expectTypeOf(libc.fcntl).parameters.toEqualTypeOf<[number, number, number]>()
expectTypeOf(winsock.WSASetEvent).parameters.toEqualTypeOf<[number]>()
expectTypeOf(winsock.send.attempt).returns.toEqualTypeOf<number>()
expectTypeOf(sockets.accept).returns.toEqualTypeOf<SocketHandle>()
expectTypeOf<SocketHandle>().toExtend<Descriptor>()
expectTypeOf<SocketHandle>().toExtend<Disposable>()

export const mistakes = (handle: SocketHandle): void => {
  // @ts-expect-error too few arguments
  libc.close()
  // @ts-expect-error text is no memory
  libc.send(1, 'text', 4, 0)
  // @ts-expect-error there is no such call
  libc.nosuchcall(1)
  // @ts-expect-error no such family
  sockets.open('ipx')
  // @ts-expect-error text must be encoded first
  sockets.send(handle, 'text')
  // @ts-expect-error this option is a boolean
  sockets.setOption(handle, 'SO_KEEPALIVE', 1)
  // @ts-expect-error this option can only be read
  sockets.setOption(handle, 'SO_ERROR', null)
  // @ts-expect-error a handle is no number
  sockets.close(3)
}
