/** Stores: the streams of JetStream that keep messages; each is made once, and compared with what was asked for. */
import {
  DiscardPolicy,
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { nanos, type NatsConnection } from '@nats-io/transport-node'
import type { Engine } from '../connection/engine.ts'
import { asError, failure } from '../errors.ts'
import type { NatsSettings } from '../options/options.ts'
import type { SubjectSpace } from '../subjects/subject-space.ts'
import { firstDifference } from './compare.ts'
import { isFull } from './store-errors.ts'

/** What a stream is for: acknowledged messages, work, and what failed for the last time. */
export type StoreKind = 'sends' | 'work' | 'dead'

const LETTERS: Readonly<Record<StoreKind, 's' | 'w' | 'd'>> = { sends: 's', work: 'w', dead: 'd' }

/**
 * `interest`: kept until every machine that listens has it. `workqueue`: until one worker has it. Dead letters stay until
 * they are too old.
 */
const RETENTION: Readonly<Record<StoreKind, RetentionPolicy>> = {
  sends: RetentionPolicy.Interest,
  work: RetentionPolicy.Workqueue,
  dead: RetentionPolicy.Limits,
}

/** JetStream, over one connection. */
interface Api {
  readonly connection: NatsConnection
  readonly manager: JetStreamManager
  readonly client: JetStreamClient
  readonly ready: Map<StoreKind, Promise<string>>
}

export class Stores {
  readonly #engine: Engine
  readonly #settings: NatsSettings
  readonly #space: SubjectSpace
  #api: Api | undefined

  constructor(engine: Engine, settings: NatsSettings, space: SubjectSpace) {
    this.#engine = engine
    this.#settings = settings
    this.#space = space
  }

  /** @throws SocketError `ERR_DISCONNECTED`; `ERR_UNSUPPORTED_SERVER` when the server has no JetStream */
  async #open(): Promise<Api> {
    const { connection } = this.#engine
    if (connection === undefined) throw this.#engine.away('store')
    if (this.#api?.connection === connection) return this.#api
    const manager = await jetstreamManager(connection).catch((error: unknown) => {
      throw notEnabled(error)
    })
    const api = {
      connection,
      manager,
      client: jetstream(connection),
      ready: new Map<StoreKind, Promise<string>>(),
    }
    this.#api = api
    return api
  }

  /** The connection was lost: what the server has is looked at again. */
  down(): void {
    this.#api?.ready.clear()
  }

  /**
   * JetStream, with this stream there as it was asked for.
   *
   * @throws SocketError `ERR_UNSUPPORTED_SERVER`, `ERR_DISCONNECTED`; what the client throws
   */
  async get(kind: StoreKind): Promise<{
    readonly stream: string
    readonly manager: JetStreamManager
    readonly client: JetStreamClient
  }> {
    const api = await this.#open()
    let ready = api.ready.get(kind)
    if (ready === undefined) {
      ready = this.#ensure(api.manager, kind)
      api.ready.set(kind, ready)
      ready.catch(() => api.ready.delete(kind))
    }
    return { stream: await ready, manager: api.manager, client: api.client }
  }

  #config(kind: StoreKind): Partial<StreamConfig> & { name: string } {
    const { replicas, maxBytes, maxAgeMs, duplicateWindowMs } = this.#settings.stream
    const age = maxAgeMs === Infinity ? 0 : maxAgeMs
    return {
      name: this.#space.streamOf(kind),
      subjects: [this.#space.of(LETTERS[kind], '*')],
      retention: RETENTION[kind],
      storage: StorageType.File,
      // What does not fit is refused: an acknowledged message never goes to make room for another.
      discard: DiscardPolicy.New,
      num_replicas: replicas,
      max_bytes: maxBytes === Infinity ? -1 : maxBytes,
      max_age: nanos(age),
      duplicate_window: nanos(age === 0 ? duplicateWindowMs : Math.min(duplicateWindowMs, age)),
    }
  }

  async #ensure(manager: JetStreamManager, kind: StoreKind): Promise<string> {
    const asked = this.#config(kind)
    const known = await manager.streams.info(asked.name).catch((error: unknown) => {
      if ((error as Error).name === 'StreamNotFoundError') return undefined
      throw error
    })
    const { config } = known ?? (await manager.streams.add(asked).catch(noRoom))
    // The first bridge of a channel decides sizes and ages; what the promises rest on is the same for all.
    const different =
      known === undefined ? firstDifference(asked, config) : firstDifference(essential(asked), config)
    if (different === undefined) return asked.name
    const how = known === undefined ? 'nats-server made' : 'there is'
    const detail = `${how} a stream ${asked.name} whose ${different}; remove it, or choose another channel or prefix`
    throw failure('store', 'ERR_UNSUPPORTED_SERVER', detail)
  }
}

const essential = ({ subjects, retention, storage, discard }: Partial<StreamConfig>): object => ({
  subjects,
  retention,
  storage,
  discard,
})

/** JetStream sets the most bytes of a stream aside when it is made. */
const noRoom = (error: unknown): never => {
  if (!isFull(error)) throw error
  const detail =
    'nats-server has no room for a stream of stream.maxBytes: make that smaller, or its max_file larger'
  throw failure('store', 'ERR_STORE_FULL', detail, error)
}

const notEnabled = (error: unknown): Error => {
  const { name } = error as Error
  if (name !== 'JetStreamNotEnabled') return asError(error)
  const detail =
    'nats-server has no JetStream for this user, which keeps sends and work: start it with -js, or a jetstream block'
  return failure('store', 'ERR_UNSUPPORTED_SERVER', detail, error)
}
