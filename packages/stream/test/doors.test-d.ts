/** What the doors promise to the compiler; checked by "tsc -b". */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { expectTypeOf } from 'vitest'
import {
  connect,
  listen,
  memory,
  tcp,
  unix,
  withTls,
  type Address,
  type Listener,
  type Transport,
} from '@uds/stream'

declare const anywhere: string

// A literal address of a kind that is a net.Socket everywhere returns one; otherwise it is a Duplex.
expectTypeOf(connect('unix:/run/x.sock')).resolves.toEqualTypeOf<Socket>()
expectTypeOf(connect('tcp:localhost:80', { retryUntilMs: 5 })).resolves.toEqualTypeOf<Socket>()
expectTypeOf(connect({ scheme: 'unix', path: '/run/x.sock' })).resolves.toEqualTypeOf<Socket>()
expectTypeOf(connect('pipe:x')).resolves.toEqualTypeOf<Duplex>()
expectTypeOf(connect('name:chat')).resolves.toEqualTypeOf<Duplex>()
expectTypeOf(connect(anywhere)).resolves.toEqualTypeOf<Duplex>()
expectTypeOf(connect({ scheme: 'memory', name: 'x' } as Address)).resolves.toEqualTypeOf<Duplex>()

expectTypeOf(listen('unix:/run/x.sock')).resolves.toEqualTypeOf<Listener<Socket>>()
expectTypeOf(listen('memory:x')).resolves.toEqualTypeOf<Listener>()

// A transport says itself what its connections are.
expectTypeOf(connect('anything', { transport: unix })).resolves.toEqualTypeOf<Socket>()
expectTypeOf(withTls(tcp, {})).toExtend<Transport>()
expectTypeOf(memory).toExtend<Transport>()
expectTypeOf<Transport<Socket>>().toExtend<Transport>()

// @ts-expect-error: an address is a text or an object
void connect(80)
// @ts-expect-error: a limit is a number
void listen('memory:x', { maxConnections: 'two' })
// @ts-expect-error: sameUser is the only word
void listen('memory:x', { authorize: 'everybody' })
