/** compose: makes a component as its own sections say, in their order. */
import { shapeOfImport, type ModuleImport } from '../../module/binary.ts'
import type { CanonicalOptions, Named, Step } from '../../module/composition/definition.ts'
import { engine, type WasmInstance, type WasmMemory } from '../../module/engine.ts'
import type { Composed } from '../../module/program.ts'
import { GuestMemory } from '../../memory/guest-memory.ts'
import type { Guest } from '../../abi/abi.ts'
import { invalidWasm, linkError } from '../../outcome/errors.ts'
import { ComponentHost, type Realloc } from '../host.ts'
import { rowOf, served } from '../link.ts'
import { trap } from '../trap.ts'
import type { HostCall } from '../../abi/link.ts'
import { crossing } from './functions.ts'
import {
  Scope,
  type ComponentEntity,
  type CoreFunction,
  type CoreInstance,
  type HostFunction,
  type InstanceEntity,
  type Item,
  type LiftedFunction,
} from './entities.ts'
import {
  expectOf,
  GuestResource,
  guestResourceType,
  type HostResourceType,
  type GuestResourceType,
} from './resources.ts'
import { hostInstance, typeEntity } from './types.ts'

/** How a component is made to wait; as in guest/suspension.ts, of a room above. */
export interface ComposedWaiting {
  suspending(calls: readonly { readonly call: HostCall; readonly shape: string }[]): unknown[]
  promising(fn: unknown): (...args: (number | bigint)[]) => unknown
}

export interface ComposedParts {
  readonly composed: Composed
  readonly guest: Guest
  readonly waiting: ComposedWaiting
  /** A function of the embedder, for one that the host does not serve. */
  readonly own: (wanted: ModuleImport) => unknown
}

/** A function that a component exports. */
export interface ComposedExport {
  readonly core: CoreFunction
  readonly host: ComponentHost
}

const nothing = new engine.Memory({ initial: 0 })

/** Steps of one component, and instances within instances: one that makes two of another, and so on, never ends. */
const MOST_STEPS = 100_000

class Composer {
  readonly #parts: ComposedParts
  /** The flat types of functions that the host makes, so that no module imports one as something else. */
  readonly #shapes = new WeakMap<object, string>()
  /** What such a function calls, where it is not an export of a core module. */
  readonly #calls = new WeakMap<object, CoreFunction>()
  readonly #missing = new Set<string>()
  #steps = 0

  constructor(parts: ComposedParts) {
    this.#parts = parts
  }

  get missing(): readonly string[] {
    return [...this.#missing]
  }

  #host(scope: Scope, { memory, realloc, encoding }: CanonicalOptions): ComponentHost {
    const key = `${memory} ${realloc} ${encoding}`
    const before = scope.hosts.get(key)
    if (before) return before
    const own = memory === undefined ? nothing : (scope.item('core memory', memory).value as WasmMemory)
    const host = this.#hostOver(scope, own, encoding)
    scope.hosts.set(key, host)
    if (realloc !== undefined) host.realloc = scope.coreFunction(realloc) as unknown as Realloc
    return host
  }

  #hostOver({ handles }: Scope, memory: WasmMemory, encoding: CanonicalOptions['encoding']): ComponentHost {
    const { guest } = this.#parts
    return new ComponentHost({ ...guest, memory: new GuestMemory(memory) }, { ...guest, handles, encoding })
  }

  /** A function that the host makes, and the flat types of it. */
  #made(call: CoreFunction, shape: string, waits: boolean): unknown {
    const [value = call] = waits ? this.#parts.waiting.suspending([{ call: call as HostCall, shape }]) : []
    this.#shapes.set(value as object, shape)
    this.#calls.set(value as object, call)
    return value
  }

  /** A function of the host as a core function; what nobody serves fails when all of it is known. */
  #lowerHost(host: ComponentHost, { module, name }: HostFunction): unknown {
    const row = rowOf(module, name)
    const wanted: ModuleImport = { module, name, kind: 'function', parameters: [], results: [] }
    if (!row) {
      const own = this.#parts.own(wanted)
      if (own === undefined) this.#missing.add(`${module}.${name}`)
      return own ?? ((): never => trap(`${module}.${name} is not there`))
    }
    if (host.encoding !== 'utf8')
      throw invalidWasm(
        `this component calls ${module}.${name} with strings of ${host.encoding}, and this host passes those between components alone: compile it for UTF-8`,
      )
    const { call } = served(wanted, (...args) => row.call(host, ...args), row.waits === true)
    return this.#made(call as CoreFunction, `${row.parameters}>${row.result ?? ''}`, row.waits === true)
  }

  #lower(scope: Scope, step: Extract<Step, { kind: 'lower' }>): unknown {
    const fn = scope.func(step.func)
    const host = this.#host(scope, step.options)
    if (fn.kind === 'host') return this.#lowerHost(host, fn)
    const call = this.#calls.get(fn.core) ?? this.#parts.waiting.promising(fn.core)
    const made = crossing(fn, host, call)
    return this.#made(made.call, made.shape, true)
  }

  #lift(scope: Scope, { func, options, type }: Extract<Step, { kind: 'lift' }>): LiftedFunction {
    const entity = scope.type(type)
    if (entity.kind !== 'func')
      throw invalidWasm(`this component lifts a function as the type ${type}, which is none`)
    const { postReturn } = options
    return {
      kind: 'lifted',
      core: scope.coreFunction(func),
      type: entity.type,
      host: this.#host(scope, options),
      postReturn: postReturn === undefined ? undefined : scope.coreFunction(postReturn),
    }
  }

  #drop(scope: Scope, resource: GuestResourceType | HostResourceType): unknown {
    const { handles } = scope
    if ('scope' in resource) {
      const drop = (handle: number): void => {
        if (handles.giveBack(handle)) return
        const { rep } = expectOf(resource, handles.remove(GuestResource, handle), handle)
        resource.destructor?.(rep)
      }
      return this.#made(drop as CoreFunction, 'i>', false)
    }
    const drop: HostFunction = {
      kind: 'host',
      module: resource.module,
      name: `[resource-drop]${resource.name}`,
    }
    const host = this.#hostOver(scope, nothing, 'utf8')
    const row = rowOf(drop.module, drop.name)
    if (!row) return this.#lowerHost(host, drop)
    const { call } = served(
      { module: drop.module, name: drop.name, kind: 'function', parameters: [], results: [] },
      (handle) => (handles.giveBack(handle) ? undefined : row.call(host, handle)),
      row.waits === true,
    )
    return this.#made(call as CoreFunction, 'i>', row.waits === true)
  }

  #resource(
    scope: Scope,
    step: Extract<Step, { kind: 'resource new' | 'resource drop' | 'resource rep' }>,
  ): unknown {
    const entity = scope.type(step.type)
    if (entity.kind !== 'resource')
      throw invalidWasm(`the type ${step.type} of this component is no resource`)
    const resource = entity.resource as GuestResourceType | HostResourceType
    if (step.kind === 'resource drop') return this.#drop(scope, resource)
    if (!('scope' in resource) || resource.scope !== scope)
      throw invalidWasm('this component makes a resource of a type that is not its own')
    const { handles } = scope
    return step.kind === 'resource new'
      ? this.#made((rep) => handles.add(new GuestResource(resource, Number(rep))), 'i>i', false)
      : this.#made(
          (at) => expectOf(resource, handles.get(GuestResource, Number(at)), Number(at)).rep,
          'i>i',
          false,
        )
  }

  /** The imports of a core module, by what the instances that are passed to it export. */
  #coreInstance(scope: Scope, step: Extract<Step, { kind: 'core instance' }>): CoreInstance {
    const { index } = scope.coreModule(step.module)
    const { module, imports } = this.#parts.composed.modules[index]!
    const given = new Map(step.args.map(({ name, instance }) => [name, scope.coreInstance(instance)]))
    const object: Record<string, Record<string, unknown>> = {}
    for (const wanted of imports) {
      const value = given.get(wanted.module)?.[wanted.name]
      if (value === undefined)
        throw invalidWasm(
          `a core module of this component imports ${wanted.module}.${wanted.name}, which it is not given`,
        )
      const shape =
        typeof value === 'object' || typeof value === 'function'
          ? this.#shapes.get(value as object)
          : undefined
      if (shape !== undefined && shape !== shapeOfImport(wanted))
        throw linkError(
          `${wanted.module}.${wanted.name} is imported as ${shapeOfImport(wanted)}, and it is ${shape}`,
        )
      ;(object[wanted.module] ??= {})[wanted.name] = value
    }
    return (new engine.Instance(module, object) satisfies WasmInstance).exports
  }

  #bundle(scope: Scope, exports: readonly Named[]): InstanceEntity {
    return { exports: new Map(exports.map(({ name, of }) => [name, scope.item(of.sort, of.index)])) }
  }

  #import(
    scope: Scope,
    step: Extract<Step, { kind: 'import' }>,
    args: ReadonlyMap<string, Item> | undefined,
  ): void {
    const given = args?.get(step.name)
    if (given) return scope.add(given.sort, given.value)
    const { what } = step
    if (args) throw invalidWasm(`a component in this one imports ${step.name}, which it is not given`)
    if (what.kind === 'instance') {
      const type = scope.type(what.type)
      if (type.kind === 'instance')
        return scope.add('instance', hostInstance(step.name, type.steps, type.scope))
    }
    if (what.kind === 'type' && what.equal !== undefined) return scope.add('type', scope.type(what.equal))
    if (what.kind === 'func')
      return scope.add('func', { kind: 'host', module: '$root', name: step.name } satisfies HostFunction)
    throw invalidWasm(
      `this component imports the ${what.kind} ${step.name}, and this host gives interfaces and functions`,
    )
  }

  #alias(scope: Scope, step: Extract<Step, { kind: `alias ${string}` }>): void {
    if (step.kind === 'alias outer') {
      const { sort, value } = scope.outer(step.count).item(step.sort, step.index)
      return scope.add(sort, value)
    }
    if (step.kind === 'alias core export') {
      const value = scope.coreInstance(step.instance)[step.name]
      if (value === undefined) throw invalidWasm(`a core module of this component exports no ${step.name}`)
      return scope.add(step.sort, value)
    }
    const found = scope.instance(step.instance).exports.get(step.name)
    if (!found || found.sort !== step.sort)
      throw invalidWasm(`an instance in this component has no ${step.sort} ${step.name}`)
    return scope.add(found.sort, found.value)
  }

  #step(scope: Scope, step: Step, args: ReadonlyMap<string, Item> | undefined): void {
    switch (step.kind) {
      case 'core module':
        return scope.add('core module', {
          module: this.#parts.composed.modules[step.module]!.module,
          index: step.module,
        })
      case 'core instance':
        return scope.add('core instance', this.#coreInstance(scope, step))
      case 'core bundle':
        return scope.add(
          'core instance',
          Object.fromEntries(step.exports.map(({ name, of }) => [name, scope.item(of.sort, of.index).value])),
        )
      case 'core type':
        return scope.add('core type', undefined)
      case 'component':
        return scope.add('component', { steps: step.steps, scope } satisfies ComponentEntity)
      case 'instance': {
        const { steps, scope: outer } = scope.component(step.component)
        const given = new Map(step.args.map(({ name, of }) => [name, scope.item(of.sort, of.index)]))
        return scope.add('instance', this.make(steps, outer, given) satisfies InstanceEntity)
      }
      case 'bundle':
        return scope.add('instance', this.#bundle(scope, step.exports))
      case 'type':
        return scope.add(
          'type',
          step.type.kind === 'resource'
            ? {
                kind: 'resource',
                resource: guestResourceType(
                  scope,
                  step.type.destructor === undefined ? undefined : scope.coreFunction(step.type.destructor),
                ),
              }
            : typeEntity(scope, step.type),
        )
      case 'lift':
        return scope.add('func', this.#lift(scope, step))
      case 'lower':
        return scope.add('core func', this.#lower(scope, step))
      case 'resource new':
      case 'resource drop':
      case 'resource rep':
        return scope.add('core func', this.#resource(scope, step))
      case 'import':
        return this.#import(scope, step, args)
      case 'export': {
        const item = scope.item(step.of.sort, step.of.index)
        scope.exports.set(step.name, item)
        return scope.add(item.sort, item.value)
      }
      case 'declared':
        throw invalidWasm('a declaration stands outside of a type')
      default:
        return this.#alias(scope, step)
    }
  }

  /**
   * Makes a component.
   *
   * @param args - What is passed for its imports; undefined for the outermost, which has the host.
   */
  make(steps: readonly Step[], outer: Scope | undefined, args: ReadonlyMap<string, Item> | undefined): Scope {
    const scope = new Scope(outer)
    for (const step of steps) {
      this.#steps += 1
      if (this.#steps > MOST_STEPS)
        throw invalidWasm(`this component takes more than ${MOST_STEPS} steps to make`)
      this.#step(scope, step, args)
    }
    return scope
  }
}

const liftedIn = (name: string, { sort, value }: Item): [string, LiftedFunction][] => {
  if (sort === 'func') {
    const fn = value as HostFunction | LiftedFunction
    return fn.kind === 'lifted' ? [[name, fn]] : []
  }
  if (sort !== 'instance') return []
  return [...(value as InstanceEntity).exports].flatMap(([inner, item]) => liftedIn(`${name}#${inner}`, item))
}

/**
 * Makes a component, and returns its functions by the names that a core module would have them under:
 * `wasi:cli/run@0.2.0#run`.
 *
 * @throws TypeError `ERR_WASI_LINK` that names every import that neither this host nor the embedder has;
 *   `ERR_INVALID_WASM` for what is not whole.
 */
export const compose = (parts: ComposedParts): ReadonlyMap<string, ComposedExport> => {
  const composer = new Composer(parts)
  const { exports } = composer.make(parts.composed.composition.steps, undefined, undefined)
  if (composer.missing.length > 0)
    throw linkError(
      `the component imports what this host does not offer:\n  ${composer.missing.join('\n  ')}`,
    )
  return new Map([...exports].flatMap(([name, item]) => liftedIn(name, item)))
}
