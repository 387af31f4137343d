import type { Agent as NodeAgent } from 'node:http'
import type { Agent as SecureAgent } from 'node:https'
import type { Server, Socket } from 'node:net'
import { Agent, fetch as undiciFetch } from 'undici'
import { expectTypeOf } from 'vitest'
import { agent, dispatcher, fetch as typedFetch, type Dispatcher } from '@uds/stream/http'
import * as net from '@uds/stream/net'
import type { ReceivedHandle } from '@uds/stream/handles'

expectTypeOf(agent('unix:./x')).toEqualTypeOf<NodeAgent>()

// What fetch of Node takes, without a dependency on undici.
expectTypeOf(dispatcher('unix:./x')).toEqualTypeOf<Dispatcher>()
expectTypeOf<Dispatcher>().toEqualTypeOf<NonNullable<RequestInit['dispatcher']>>()

// With a class of the user's it is of that class.
expectTypeOf(dispatcher('unix:./x', { Agent })).toEqualTypeOf<Agent>()
expectTypeOf(undiciFetch).parameter(1).toExtend<{ dispatcher?: unknown } | undefined>()

// The door has the types of node:net.
expectTypeOf(net.connect('./x')).toEqualTypeOf<Socket>()
expectTypeOf(net.createServer()).toEqualTypeOf<Server>()
expectTypeOf(new net.Socket()).toEqualTypeOf<Socket>()

// A handle says what it may be, and becomes a net.Socket.
expectTypeOf<ReceivedHandle['toSocket']>().returns.toEqualTypeOf<Socket>()
expectTypeOf<ReceivedHandle['kind']>().toExtend<string>()

// With a class, with tls, and the typed fetch, which knows the option whatever the project's library is.
expectTypeOf(agent('unix:./x', { tls: {} })).toEqualTypeOf<SecureAgent>()
expectTypeOf(typedFetch('http://x/', { dispatcher: dispatcher('unix:./x') })).toEqualTypeOf<
  Promise<Response>
>()
