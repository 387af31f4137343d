/**
 * The types of component interfaces, as data: what the canonical ABI needs to know of them.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
import type { GuestMemory } from '../../memory/guest-memory.ts'

/** How strings lie in a memory: an option of `canon lift` and `canon lower`. */
export type Encoding = 'utf8' | 'utf16' | 'latin1+utf16'

/** The side whose memory values are read from, and written to. */
export interface CanonicalContext {
  readonly memory: GuestMemory
  readonly encoding: Encoding
  /** Memory for what a value needs beyond its own place: `realloc`. */
  allocate(align: number, size: number): number
}

/** A resource type: what its handles stand for on one side. */
export interface Resource {
  readonly name: string
  /** The value behind a handle; `own` takes it from its holder, else it is lent. Traps for an unknown handle. */
  lift(context: CanonicalContext, handle: number, own: boolean): unknown
  /** A handle for a value. */
  lower(context: CanonicalContext, value: unknown, own: boolean): number
}

export type Scalar =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'

export type Type =
  | { readonly kind: Scalar | 'string' }
  | { readonly kind: 'list'; readonly of: Type }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [name: string, type: Type])[] }
  | { readonly kind: 'tuple'; readonly of: readonly Type[] }
  | { readonly kind: 'variant'; readonly cases: readonly (readonly [name: string, type?: Type])[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly of: Type }
  | { readonly kind: 'result'; readonly ok?: Type | undefined; readonly error?: Type | undefined }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'handle'; readonly resource: Resource; readonly own: boolean }

/** A variant as a value of JavaScript: the name of its case, and what it carries. */
export interface Tagged {
  readonly tag: string
  readonly val?: unknown
}

/** A function: its parameters and its result. */
export interface FunctionType {
  readonly parameters: readonly Type[]
  readonly result: Type | undefined
}

const scalar = (kind: Scalar | 'string'): Type => ({ kind })

export const bool: Type = scalar('bool')
export const u8: Type = scalar('u8')
export const u16: Type = scalar('u16')
export const u32: Type = scalar('u32')
export const u64: Type = scalar('u64')
export const string: Type = scalar('string')

export const list = (of: Type): Type => ({ kind: 'list', of })
export const tuple = (...of: readonly Type[]): Type => ({ kind: 'tuple', of })
export const option = (of: Type): Type => ({ kind: 'option', of })
export const result = (ok?: Type, error?: Type): Type => ({ kind: 'result', ok, error })
export const variant = (...cases: readonly (readonly [name: string, type?: Type])[]): Type => ({
  kind: 'variant',
  cases,
})
export const record = (...fields: readonly (readonly [name: string, type: Type])[]): Type => ({
  kind: 'record',
  fields,
})
export const own = (resource: Resource): Type => ({ kind: 'handle', resource, own: true })
export const borrow = (resource: Resource): Type => ({ kind: 'handle', resource, own: false })

/** One case of a variant. */
export type Case = readonly [name: string, type?: Type | undefined]

/** The cases of what is laid out as a variant: options, results and enums are, too. */
export const casesOf = (type: Type): readonly Case[] | undefined => {
  if (type.kind === 'variant') return type.cases
  if (type.kind === 'option') return [['none'], ['some', type.of]]
  if (type.kind === 'result')
    return [
      ['ok', type.ok],
      ['error', type.error],
    ]
  return type.kind === 'enum' ? type.names.map((name) => [name] as const) : undefined
}

/** The parts of what is laid out one after the other. */
export const partsOf = (type: Type): readonly Type[] | undefined => {
  if (type.kind === 'tuple') return type.of
  return type.kind === 'record' ? type.fields.map(([, each]) => each) : undefined
}
