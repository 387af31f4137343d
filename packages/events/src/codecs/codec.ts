/** A codec whose encoded form is text: it is written as latin1 where it fits, else as UTF-8. */
export interface TextCodec {
  /** The name that both ends agree on in the handshake: 1 to 64 characters. */
  readonly name: string
  readonly kind: 'text'
  /** Returns the text of a value. Throws what cannot be encoded. Never asked for `undefined`. */
  encode(value: unknown): string
  /** Returns the value of a text. Throws what cannot be decoded. */
  decode(text: string, limits: CodecLimits): unknown
}

/** A codec whose encoded form is bytes. */
export interface BinaryCodec {
  /** The name that both ends agree on in the handshake: 1 to 64 characters. */
  readonly name: string
  readonly kind: 'binary'
  /** Returns the bytes of a value. Throws what cannot be encoded. Never asked for `undefined`. */
  encode(value: unknown): Uint8Array
  /** Returns the value of the bytes, which are valid during this call only. Throws what cannot be decoded. */
  decode(bytes: Buffer, limits: CodecLimits): unknown
  /**
   * True when decoding bytes of a stranger is not safe: a server then offers the codec only to peers that the system
   * says are the same user.
   */
  readonly sameUserOnly?: boolean
}

/**
 * How values become payloads. `Uint8Array`s at the top level bypass the codec: they travel as they are and arrive as
 * `Buffer`s.
 */
export type Codec = TextCodec | BinaryCodec

/** What a codec must hold against the bytes that it reads. */
export interface CodecLimits {
  /** The deepest nesting of lists and objects. */
  readonly maxDepth: number
  /** The most values in one payload, each list, object and key counted; undefined: no limit. */
  readonly maxValues?: number | undefined
}
