/** What a component has while it is made: by sort, in the order in which it came. */
import type { Step, Sort } from '../../module/composition/definition.ts'
import { invalidWasm } from '../../outcome/errors.ts'
import type { WasmModule } from '../../module/engine.ts'
import type { FunctionType } from '../canonical/function.ts'
import type { ValueType } from '../canonical/type.ts'
import type { ComponentHost } from '../host.ts'
import { Handles } from '../handles.ts'

/** A resource type: what its handles stand for on one side. */
export interface Resource {
  readonly name: string
  /** The value behind a handle; `own` takes it from its holder, else it is lent. Traps for an unknown handle. */
  lift(host: ComponentHost, handle: number, own: boolean): unknown
  /** A handle for a value. */
  lower(host: ComponentHost, value: unknown, own: boolean): number
}

export type TypeEntity =
  /** With how many parts it has, those of its parts included. */
  | { readonly kind: 'value'; readonly type: ValueType<unknown>; readonly parts: number }
  | { readonly kind: 'func'; readonly type: FunctionType }
  | { readonly kind: 'resource'; readonly resource: Resource }
  /** What it says is read where an instance of it is imported, in the scope that it stands in. */
  | { readonly kind: 'instance'; readonly steps: readonly Step[]; readonly scope: Scope }
  | { readonly kind: 'component' }

/** A function of an interface that the host serves. */
export interface HostFunction {
  readonly kind: 'host'
  readonly module: string
  readonly name: string
}

/** A function of a component: called by its type, in the memory of its instance. */
export interface LiftedFunction {
  readonly kind: 'lifted'
  readonly core: CoreFunction
  readonly type: FunctionType
  readonly host: ComponentHost
  readonly postReturn: CoreFunction | undefined
}

export type ComponentFunction = HostFunction | LiftedFunction
export type CoreFunction = (...args: (number | bigint)[]) => unknown

export interface Item {
  readonly sort: Sort
  readonly value: unknown
}

/** An instance of a component, or of an interface of the host. */
export interface InstanceEntity {
  readonly exports: ReadonlyMap<string, Item>
}

/** A component that can be instantiated, with the scope that its outer aliases are of. */
export interface ComponentEntity {
  readonly steps: readonly Step[]
  readonly scope: Scope | undefined
}

/** The exports of a core instance: functions, memories, tables, globals; also the functions that the host makes. */
export type CoreInstance = Readonly<Record<string, unknown>>

/** Parts of all types of one component: a small type that names a large one is large. */
const MOST_PARTS = 1_000_000

/** The index spaces of one component while it is made. */
export class Scope {
  readonly parent: Scope | undefined
  readonly handles: Handles = new Handles()
  readonly exports: Map<string, Item> = new Map()
  /** By the options of canon that they were made for. */
  readonly hosts: Map<string, ComponentHost> = new Map()
  readonly #spaces = new Map<Sort, unknown[]>()
  /** Of all components in the outermost. */
  readonly #counted: { parts: number }

  constructor(parent: Scope | undefined) {
    this.parent = parent
    this.#counted = parent ? parent.#counted : { parts: 0 }
  }

  /** A type with so many parts is made. */
  count(parts: number): void {
    this.#counted.parts += parts
    if (this.#counted.parts > MOST_PARTS)
      throw invalidWasm(`the types of this component have more than ${MOST_PARTS} parts in all`)
  }

  add(sort: Sort, value: unknown): void {
    const space = this.#spaces.get(sort)
    if (space) space.push(value)
    else this.#spaces.set(sort, [value])
  }

  #get(sort: Sort, index: number): unknown {
    const space = this.#spaces.get(sort) ?? []
    if (index < space.length) return space[index]
    throw invalidWasm(`this component names the ${sort} ${index}, and has ${space.length} of them`)
  }

  item(sort: Sort, index: number): Item {
    return { sort, value: this.#get(sort, index) }
  }

  type(index: number): TypeEntity {
    return this.#get('type', index) as TypeEntity
  }

  func(index: number): ComponentFunction {
    return this.#get('func', index) as ComponentFunction
  }

  coreFunction(index: number): CoreFunction {
    return this.#get('core func', index) as CoreFunction
  }

  coreModule(index: number): { readonly module: WasmModule; readonly index: number } {
    return this.#get('core module', index) as { module: WasmModule; index: number }
  }

  coreInstance(index: number): CoreInstance {
    return this.#get('core instance', index) as CoreInstance
  }

  instance(index: number): InstanceEntity {
    return this.#get('instance', index) as InstanceEntity
  }

  component(index: number): ComponentEntity {
    return this.#get('component', index) as ComponentEntity
  }

  /** The scope so many components outwards. */
  outer(count: number): Scope {
    if (count === 0) return this
    if (!this.parent) throw invalidWasm('this component has an alias to what is outside of it')
    return this.parent.outer(count - 1)
  }
}
