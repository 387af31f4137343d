/** Payloads: data as the bytes of a message of the engine, and back; many in one. */
import { type Codec, type CodecLimits } from '@uds/events'
import { headers as newHeaders, type MsgHdrs } from '@nats-io/transport-node'
import { asError, failure } from '../errors.ts'
import type { EngineMessage } from '../connection/engine.ts'

/** Header: the payload is bytes as they were said, and not the codec's. */
export const BYTES_HEADER = 'Uds-Bytes'
/** Header: the payload is a JSON list of the data of several events. */
export const BATCH_HEADER = 'Uds-Batch'

/** What is read of a payload at most: the defaults of `@uds/events`. */
const LIMITS: CodecLimits = { maxDepth: 256, maxValues: 1_000_000 }

/** Data, as it is written. */
export interface Written {
  /** Empty for `undefined`. */
  readonly payload: Uint8Array | string
  readonly isBytes: boolean
}

export class Payloads {
  readonly #codec: Codec

  constructor(codec: Codec) {
    this.#codec = codec
  }

  /** True where several events can be one payload. */
  get batches(): boolean {
    return this.#codec.name === 'json'
  }

  /** @throws SocketError `ERR_BAD_PAYLOAD` */
  write(data: unknown): Written {
    if (data === undefined) return { payload: '', isBytes: false }
    if (data instanceof Uint8Array) return { payload: data, isBytes: true }
    try {
      return { payload: this.#codec.encode(data), isBytes: false }
    } catch (error) {
      throw failure(
        'encode',
        'ERR_BAD_PAYLOAD',
        `${this.#codec.name} cannot write it: ${asError(error).message}`,
        error,
      )
    }
  }

  /** @throws SocketError `ERR_BAD_PAYLOAD`; `ERR_TOO_DEEP`, `ERR_TOO_MANY_VALUES` of the codec */
  read({ data, headers }: Pick<EngineMessage, 'data' | 'headers'>): unknown {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    if (headers?.has(BYTES_HEADER) === true) return bytes
    return bytes.length === 0 ? undefined : this.#decode(bytes)
  }

  /** The data of every event in a message. */
  readAll(message: Pick<EngineMessage, 'data' | 'headers'>): readonly unknown[] {
    const value = this.read(message)
    if (message.headers?.has(BATCH_HEADER) !== true) return [value]
    if (Array.isArray(value)) return value
    throw failure('decode', 'ERR_BAD_PAYLOAD', 'a list of events that is no list')
  }

  #decode(bytes: Buffer): unknown {
    const codec = this.#codec
    try {
      return codec.kind === 'text' ? codec.decode(bytes.toString(), LIMITS) : codec.decode(bytes, LIMITS)
    } catch (error) {
      if (typeof (error as { code?: unknown }).code === 'string') throw error
      throw failure(
        'decode',
        'ERR_BAD_PAYLOAD',
        `${codec.name} cannot read it: ${asError(error).message}`,
        error,
      )
    }
  }
}

/** Headers of these names and values; those without a value are left out. */
export const headersOf = (values: Readonly<Record<string, string | undefined>>): MsgHdrs | undefined => {
  let made: MsgHdrs | undefined
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    made ??= newHeaders()
    made.set(name, value)
  }
  return made
}

/** The bytes of a payload. */
export const sizeOf = (payload: Uint8Array | string): number =>
  typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length

/** Headers take room in a message, too; ours are short. */
const HEADER_ROOM = 1024

/** @throws SocketError `ERR_FRAME_TOO_LARGE` */
export const checkSize = (action: string, bytes: number, most: number): void => {
  if (bytes + HEADER_ROOM <= most) return
  const detail = `a message of ${bytes} bytes; nats-server takes ${most - HEADER_ROOM} (its max_payload is ${most}): raise that, or send parts`
  throw failure(action, 'ERR_FRAME_TOO_LARGE', detail)
}
