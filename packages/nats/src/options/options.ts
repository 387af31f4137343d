/** NatsOptions: what an adapter joins, what leaves this machine, what waits; checked. */
import { hostname } from 'node:os'
import type { Codec, EventServer } from '@uds/events'
import { json } from '@uds/events'
import type { NodeConnectionOptions } from '@nats-io/transport-node'
import { checkOptions, invalidArgument, invalidValue, optionNames } from '@uds/winsock-ffi'
import { count, milliseconds, oneOf } from '@uds/winsock-ffi/internal'
import { checkNames } from '../subjects/patterns.ts'

/** What may leave this machine, and come to it: nothing that is not named here. */
export interface Forward {
  /**
   * Events: what the server broadcasts goes to the clients of all machines, and what a client emits that its own server does
   * not listen to goes to the listeners of the others. Names, or patterns as `on` takes them (`sensor.*`).
   */
  readonly events?: readonly string[] | undefined
  /** Rooms whose broadcasts leave, for events that `events` names. Names, or patterns. */
  readonly rooms?: readonly string[] | undefined
  /** Requests that another machine handles when this one does not. Names. */
  readonly requests?: readonly string[] | undefined
  /** Messages that clients `send`: stored, and handled once on each machine that listens. Names. */
  readonly sends?: readonly string[] | undefined
}

/** The stores of JetStream that keep acknowledged messages. The options of the first bridge hold for the channel. */
export interface StoreOptions {
  /** Copies on as many servers of a cluster. @default 1 */
  readonly replicas?: number | undefined
  /** The most bytes; then `full` decides. @default 1_073_741_824 */
  readonly maxBytes?: number | undefined
  /** Milliseconds after which a message goes that nobody took. @default 7 days */
  readonly maxAgeMs?: number | null | undefined
  /** Milliseconds for which the server knows ids, and stores none twice. @default 120_000 */
  readonly duplicateWindowMs?: number | undefined
  /**
   * Milliseconds after which a message comes again whose machine has said nothing of it: it was killed, or cut off. One
   * that is being handled says so meanwhile.
   *
   * @default 30_000
   */
  readonly ackWaitMs?: number | undefined
  /**
   * What becomes of a `send` when the store takes no more: it waits, and is tried again, or it is rejected with
   * `ERR_STORE_FULL`.
   *
   * @default 'wait'
   */
  readonly full?: 'wait' | 'fail' | undefined
}

/** What waits while there is no server, or it does not take what is written. */
export interface WaitingOptions {
  /**
   * With a full queue: `wait` reads no more of the clients that say more (what the server itself broadcasts is dropped),
   * `drop-old` drops the oldest event, `drop-new` this one, `fail` drops an event and reports it, and rejects a `send`
   * (`ERR_QUEUE_FULL`).
   *
   * @default 'wait'
   */
  readonly policy?: 'wait' | 'drop-old' | 'drop-new' | 'fail' | undefined
  /** The most messages. @default 10_000 */
  readonly limit?: number | undefined
  /** The most bytes. @default 16_777_216 */
  readonly limitBytes?: number | undefined
}

/** How a server joins others. */
export interface NatsOptions<M extends object = object> {
  /** The name of the channel: the same on every machine. */
  readonly channel: string
  /** The server of this machine. */
  readonly server: EventServer<M>
  /**
   * Where nats-server is, and who this is: passed to the official client as it is (`servers`, `user`, `pass`, `token`,
   * `authenticator`, `tls`, ...). Reconnects are endless.
   */
  readonly connect: NodeConnectionOptions
  /** The name of this machine: of one bridge of a channel, and the same after a restart. @default the host's name */
  readonly machine?: string | undefined
  /** What stands before the channel in every subject. @default 'uds' */
  readonly prefix?: string | undefined
  /** The allow-list. @default nothing */
  readonly forward?: Forward | undefined
  readonly stream?: StoreOptions | undefined
  readonly offline?: WaitingOptions | undefined
  /** How data is written for the other machines: the same codec on all. @default json */
  readonly codec?: Codec | undefined
  /** Milliseconds for a request to another machine, unless its caller stops waiting before; `null`: no limit. @default 30_000 */
  readonly requestTimeoutMs?: number | null | undefined
  /** Milliseconds that `open` waits for the first connection; then it resolves, and goes on trying. @default 2000 */
  readonly connectTimeoutMs?: number | null | undefined
}

const NATS_OPTIONS = optionNames<NatsOptions>({
  channel: true,
  server: true,
  connect: true,
  machine: true,
  prefix: true,
  forward: true,
  stream: true,
  offline: true,
  codec: true,
  requestTimeoutMs: true,
  connectTimeoutMs: true,
})
const FORWARD = optionNames<Forward>({ events: true, rooms: true, requests: true, sends: true })
const STORE = optionNames<StoreOptions>({
  replicas: true,
  maxBytes: true,
  maxAgeMs: true,
  duplicateWindowMs: true,
  ackWaitMs: true,
  full: true,
})
const WAITING = optionNames<WaitingOptions>({ policy: true, limit: true, limitBytes: true })

const DAY = 24 * 60 * 60 * 1000
const GIB = 1024 ** 3

/** {@link NatsOptions} with everything checked and filled in. */
export interface NatsSettings {
  readonly channel: string
  readonly connect: NodeConnectionOptions
  readonly machine: string
  readonly prefix: string
  readonly forward: Required<{ readonly [K in keyof Forward]: readonly string[] }>
  readonly stream: {
    readonly replicas: number
    readonly maxBytes: number
    readonly maxAgeMs: number
    readonly duplicateWindowMs: number
    readonly ackWaitMs: number
    readonly full: 'wait' | 'fail'
  }
  readonly offline: {
    readonly policy: 'wait' | 'drop-old' | 'drop-new' | 'fail'
    readonly limit: number
    readonly limitBytes: number
  }
  readonly codec: Codec
  readonly requestTimeoutMs: number
  readonly connectTimeoutMs: number
}

const text = (what: string, value: unknown): string => {
  if (typeof value !== 'string' || value === '')
    throw invalidArgument('open', what, 'a string that is not empty', value)
  return value
}

const prefixOf = (value: unknown): string => {
  const prefix = text('prefix', value)
  if (/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(prefix)) return prefix
  throw invalidValue('open', 'prefix', 'must be words of letters, digits, _ and -, with dots between', prefix)
}

const checkServer = (server: unknown): void => {
  if (typeof (server as { attach?: unknown } | null | undefined)?.attach === 'function') return
  throw invalidArgument('open', 'server', 'an EventServer', server)
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE` */
export const natsSettings = <M extends object>(options: NatsOptions<M>): NatsSettings => {
  checkOptions(options, 'open', NATS_OPTIONS)
  const { forward = {}, stream = {}, offline = {}, codec = json } = options
  checkOptions(forward, 'open', FORWARD, 'forward.')
  checkOptions(stream, 'open', STORE, 'stream.')
  checkOptions(offline, 'open', WAITING, 'offline.')
  checkServer(options.server)
  const { connect } = options
  if (typeof connect !== 'object' || connect === null)
    throw invalidArgument('open', 'connect', 'an object, as { servers: "nats://host:4222" }', connect)
  if (codec.kind === 'binary' && codec.sameUserOnly === true)
    throw invalidValue(
      'open',
      'codec',
      `may not be ${codec.name}: bytes of other machines are not safe for it`,
      codec,
    )
  return {
    channel: text('channel', options.channel),
    connect,
    machine: text('machine', options.machine ?? hostname()),
    prefix: prefixOf(options.prefix ?? 'uds'),
    forward: {
      events: checkNames('forward.events', forward.events, true),
      rooms: checkNames('forward.rooms', forward.rooms, true),
      requests: checkNames('forward.requests', forward.requests, false),
      sends: checkNames('forward.sends', forward.sends, false),
    },
    stream: {
      replicas: count('open', 'stream.replicas', stream.replicas, 1),
      maxBytes: count('open', 'stream.maxBytes', stream.maxBytes, GIB, 1024),
      maxAgeMs: milliseconds('open', 'stream.maxAgeMs', stream.maxAgeMs, 7 * DAY, 1000),
      duplicateWindowMs: milliseconds(
        'open',
        'stream.duplicateWindowMs',
        stream.duplicateWindowMs,
        120_000,
        100,
      ),
      ackWaitMs: milliseconds('open', 'stream.ackWaitMs', stream.ackWaitMs, 30_000, 100),
      full: oneOf('open', 'stream.full', stream.full, ['wait', 'fail']),
    },
    offline: {
      policy: oneOf('open', 'offline.policy', offline.policy, ['wait', 'drop-old', 'drop-new', 'fail']),
      limit: count('open', 'offline.limit', offline.limit, 10_000),
      limitBytes: count('open', 'offline.limitBytes', offline.limitBytes, 16 * 1024 * 1024),
    },
    codec,
    requestTimeoutMs: milliseconds('open', 'requestTimeoutMs', options.requestTimeoutMs, 30_000, 1),
    connectTimeoutMs: milliseconds('open', 'connectTimeoutMs', options.connectTimeoutMs, 2000),
  }
}
