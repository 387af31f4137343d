/** The shape of protocol/vectors.json. */

/** What is in a frame, in words. A part that a type does not have is missing. */
export interface FrameInWords {
  /** The name of the type in PROTOCOL.md. */
  readonly type: string
  readonly number: number
  readonly flags: number
  /** The id of a name, where the frame has one. */
  readonly nameId?: number
  /** The id behind the header. */
  readonly id?: number
  /** The high half of the id of a REQUEST for a stream; `id` is then the low half. */
  readonly window?: number
  /** The body where it is text, or JSON that is written as this text. */
  readonly text?: string
  /** The body where it is bytes, in hexadecimal. */
  readonly bytes?: string
  /** The body where it is a u32. */
  readonly u32?: number
}

/** Bytes in hexadecimal; a pair is the same bytes so many times. */
export type Parts = readonly (string | readonly [hex: string, times: number])[]

export interface FrameVector {
  readonly rules: readonly string[]
  readonly what: string
  readonly hex: string
  readonly frame: FrameInWords
  /** False for a form that a reader must accept and that the writer of this package does not write. */
  readonly written: boolean
  /** The value of the payload with the codec json. */
  readonly value?: unknown
}

export interface PreambleVector {
  readonly rules: readonly string[]
  readonly what: string
  readonly hex: string
  /** The version in use, or the code of the refusal. */
  readonly version?: number
  readonly code?: string
}

export interface RefusalVector {
  readonly rules: readonly string[]
  readonly what: string
  /** Who reads these bytes, and refuses them. */
  readonly reader: 'server' | 'client'
  readonly bytes: Parts
  /** The code of the GOODBYE with which the reader ends the connection. */
  readonly code: string
}

/** What the program at an end does, or has to see. */
export type Action =
  | { readonly emit: readonly [name: string, data: unknown] }
  | { readonly send: readonly [name: string, data: unknown] }
  | { readonly request: readonly [name: string, input?: unknown] }
  /** The input is these items, as a stream. */
  | { readonly requestWithItems: readonly [name: string, items: readonly unknown[]] }
  /** Asks for a stream with this window, and for its first item. */
  | { readonly stream: readonly [name: string, input: unknown]; readonly window: number }
  /** Asks for the next item. */
  | { readonly next: true }
  /** Reads no more items. */
  | { readonly leave: true }
  /** Gives up on the request. */
  | { readonly abort: true }
  /** The last request was answered so. */
  | { readonly answer: unknown }
  /** The last request was answered, with nothing. */
  | { readonly answered: true }
  /** The last request, or the last message, failed with this code. */
  | { readonly failed: string }
  /** The last message was acknowledged. */
  | { readonly acknowledged: true }
  /** The server is another process, which knows no session. */
  | { readonly restart: true }

export type Step =
  | { readonly client: Action }
  | { readonly server: Action }
  | {
      readonly from: 'client' | 'server'
      readonly hex: string
      readonly frame: FrameInWords
      /** The keys of the JSON that have to be the same; without it the whole frame is. */
      readonly keys?: readonly string[]
      /** It was written, and never arrived. */
      readonly lost?: true
    }
  /** The connection is gone; what follows is over the next one. */
  | { readonly cut: true }
  /** A second connection, beside the first, from here on. */
  | { readonly second: true }

export interface SessionVector {
  readonly rules: readonly string[]
  readonly what: string
  /** Which ends can be tried with it. */
  readonly roles: readonly ('client' | 'server')[]
  readonly steps: readonly Step[]
  /** The events that reached a listener, in order, at the server and at the client. */
  readonly heard: {
    readonly server: readonly (readonly [name: string, data: unknown])[]
    readonly client: readonly (readonly [name: string, data: unknown])[]
  }
}

export interface Vectors {
  readonly about: readonly string[]
  readonly version: number
  readonly preambles: readonly PreambleVector[]
  readonly frames: readonly FrameVector[]
  readonly refusals: readonly RefusalVector[]
  readonly sessions: readonly SessionVector[]
}
