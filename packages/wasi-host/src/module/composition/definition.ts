/**
 * What a component says about its own making, as data that can go to another thread: its sections, in their order.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */

export type CoreSort =
  | 'core func'
  | 'core table'
  | 'core memory'
  | 'core global'
  | 'core tag'
  | 'core type'
  | 'core module'
  | 'core instance'
export type Sort = CoreSort | 'func' | 'value' | 'type' | 'component' | 'instance'

export interface SortIndex {
  readonly sort: Sort
  readonly index: number
}

export interface Named {
  readonly name: string
  readonly of: SortIndex
}

export type Primitive =
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
  | 'string'

/** A type of values: one of the primitive ones, or one by its index. */
export type ValueRef = Primitive | number

export type ValueDefinition =
  | { readonly kind: 'alias'; readonly of: ValueRef }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [string, ValueRef])[] }
  | { readonly kind: 'variant'; readonly cases: readonly (readonly [string, ValueRef | undefined])[] }
  | { readonly kind: 'list' | 'option'; readonly of: ValueRef }
  | { readonly kind: 'tuple'; readonly of: readonly ValueRef[] }
  | { readonly kind: 'flags' | 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'result'; readonly ok: ValueRef | undefined; readonly error: ValueRef | undefined }
  | { readonly kind: 'own' | 'borrow'; readonly resource: number }
  /** A stream, a future, a list of a fixed length, an error context: WASI 0.2 has none. */
  | { readonly kind: 'unknown'; readonly name: string }

export type TypeDefinition =
  | { readonly kind: 'value'; readonly value: ValueDefinition }
  | { readonly kind: 'func'; readonly parameters: readonly ValueRef[]; readonly result: ValueRef | undefined }
  | { readonly kind: 'instance'; readonly steps: readonly Step[] }
  | { readonly kind: 'component' }
  | { readonly kind: 'resource'; readonly destructor: number | undefined }

/** What an import or an export is. */
export type Extern =
  | { readonly kind: 'func' | 'instance' | 'component' | 'core module'; readonly type: number }
  | { readonly kind: 'type'; readonly equal: number | undefined }
  | { readonly kind: 'value' }

export interface CanonicalOptions {
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16'
  readonly memory: number | undefined
  readonly realloc: number | undefined
  readonly postReturn: number | undefined
}

export type Step =
  /** The module is one of {@link Composition.modules}. */
  | { readonly kind: 'core module'; readonly module: number }
  | {
      readonly kind: 'core instance'
      readonly module: number
      readonly args: readonly { readonly name: string; readonly instance: number }[]
    }
  | { readonly kind: 'core bundle'; readonly exports: readonly Named[] }
  | { readonly kind: 'core type' }
  | { readonly kind: 'component'; readonly steps: readonly Step[] }
  | { readonly kind: 'instance'; readonly component: number; readonly args: readonly Named[] }
  | { readonly kind: 'bundle'; readonly exports: readonly Named[] }
  | { readonly kind: 'alias export'; readonly sort: Sort; readonly instance: number; readonly name: string }
  | {
      readonly kind: 'alias core export'
      readonly sort: Sort
      readonly instance: number
      readonly name: string
    }
  | { readonly kind: 'alias outer'; readonly sort: Sort; readonly count: number; readonly index: number }
  | { readonly kind: 'type'; readonly type: TypeDefinition }
  | {
      readonly kind: 'lift'
      readonly func: number
      readonly options: CanonicalOptions
      readonly type: number
    }
  | { readonly kind: 'lower'; readonly func: number; readonly options: CanonicalOptions }
  | { readonly kind: 'resource new' | 'resource drop' | 'resource rep'; readonly type: number }
  | { readonly kind: 'import'; readonly name: string; readonly what: Extern }
  | { readonly kind: 'export'; readonly name: string; readonly of: SortIndex }
  /** What an instance type says that its instances have. */
  | { readonly kind: 'declared'; readonly name: string; readonly what: Extern }

/** A component that is made by what it says itself. */
export interface Composition {
  readonly steps: readonly Step[]
}
