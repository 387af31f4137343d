/** Makes types of what a component says of them. */
import type {
  Extern,
  Primitive,
  Step,
  TypeDefinition,
  ValueDefinition,
  ValueRef,
} from '../../module/composition/definition.ts'
import { invalidWasm } from '../../outcome/errors.ts'
import { bits, tuple, variantOf } from '../canonical/compound.ts'
import { handle } from '../canonical/handle.ts'
import { bytes, list } from '../canonical/lists.ts'
import * as scalars from '../canonical/scalars.ts'
import { string } from '../canonical/text.ts'
import type { ValueType } from '../canonical/type.ts'
import {
  Scope,
  type HostFunction,
  type InstanceEntity,
  type Item,
  type Resource,
  type TypeEntity,
} from './entities.ts'
import { hostResourceType } from './resources.ts'

type Value = Extract<TypeEntity, { kind: 'value' }>

const primitives: Readonly<Record<Primitive, ValueType<unknown>>> = {
  bool: scalars.bool,
  s8: scalars.s8,
  u8: scalars.u8,
  s16: scalars.s16,
  u16: scalars.u16,
  s32: scalars.s32,
  u32: scalars.u32,
  s64: scalars.s64,
  u64: scalars.u64,
  f32: scalars.f32,
  f64: scalars.f64,
  char: scalars.char,
  string,
}

const refer = (scope: Scope, of: ValueRef): Value => {
  if (typeof of === 'string') return { kind: 'value', type: primitives[of], parts: 1 }
  const entity = scope.type(of)
  if (entity.kind === 'value') return entity
  throw invalidWasm(`this component uses the type ${of} as one of values, and it is a ${entity.kind}`)
}

const resourceAt = (scope: Scope, index: number): Resource => {
  const entity = scope.type(index)
  if (entity.kind === 'resource') return entity.resource
  throw invalidWasm(`this component uses the type ${index} as a resource, and it is a ${entity.kind}`)
}

/** Parts of one type, those of its parts included: a type that names another twice, and so on, grows without end. */
const MOST_PARTS = 10_000

/** A type of others. They are known by their order: no value of a component gets a name that it chose. */
const made = (
  scope: Scope,
  refs: readonly (ValueRef | undefined)[],
  make: (types: readonly (ValueType<unknown> | undefined)[]) => ValueType<unknown>,
): Value => {
  const of = refs.map((each) => (each === undefined ? undefined : refer(scope, each)))
  const parts = of.reduce((sum, each) => sum + (each?.parts ?? 0), 1)
  if (parts > MOST_PARTS) throw invalidWasm(`a type of this component has more than ${MOST_PARTS} parts`)
  scope.count(parts)
  return { kind: 'value', type: make(of.map((each) => each?.type)), parts }
}

const whole = (types: readonly (ValueType<unknown> | undefined)[]): readonly ValueType<unknown>[] =>
  types as readonly ValueType<unknown>[]

const valueType = (scope: Scope, value: ValueDefinition): Value => {
  switch (value.kind) {
    case 'alias':
      return refer(scope, value.of)
    case 'record':
    case 'tuple': {
      const refs = value.kind === 'tuple' ? value.of : value.fields.map(([, of]) => of)
      return made(scope, refs, (types) => tuple(...whole(types)))
    }
    case 'variant':
      return made(
        scope,
        value.cases.map(([, of]) => of),
        variantOf,
      )
    case 'option':
      return made(scope, [undefined, value.of], variantOf)
    case 'result':
      return made(scope, [value.ok, value.error], variantOf)
    case 'list':
      return made(scope, [value.of], ([of]) => (of === (scalars.u8 as unknown) ? bytes : list(of!)))
    case 'enum':
      return made(scope, [], () => scalars.numbered(value.names.length))
    case 'flags':
      return made(scope, [], () => bits(value.names.length))
    case 'own':
    case 'borrow': {
      const owned = value.kind === 'own'
      const resource = resourceAt(scope, value.resource)
      return made(scope, [], () =>
        handle<unknown>(
          (host, at) => resource.lift(host, at, owned),
          (host, each) => resource.lower(host, each, owned),
        ),
      )
    }
    default:
      throw invalidWasm(`this component was composed with ${value.name}, which this host does not pass on`)
  }
}

/** A type that is not one of resources, which a component makes itself. */
export const typeEntity = (scope: Scope, type: Exclude<TypeDefinition, { kind: 'resource' }>): TypeEntity => {
  if (type.kind === 'instance') return { kind: 'instance', steps: type.steps, scope }
  if (type.kind === 'component') return type
  if (type.kind === 'value') return valueType(scope, type.value)
  const parameters = made(scope, type.parameters, (types) => tuple(...whole(types)))
  return {
    kind: 'func',
    type: {
      parameters: parameters.type as ValueType<readonly unknown[]>,
      result: type.result === undefined ? undefined : refer(scope, type.result).type,
    },
  }
}

/** Something that an instance type declares, as the host has it. */
const declaredItem = (scope: Scope, module: string, name: string, what: Extern): Item => {
  if (what.kind === 'func') {
    const value: HostFunction = { kind: 'host', module, name }
    return { sort: 'func', value }
  }
  if (what.kind !== 'type')
    throw invalidWasm(`this component imports ${module}, with ${what.kind} ${name} in it`)
  const value: TypeEntity =
    what.equal === undefined
      ? { kind: 'resource', resource: hostResourceType(name, module) }
      : scope.type(what.equal)
  return { sort: 'type', value }
}

/** An interface of the host, by what a component expects of it. */
export const hostInstance = (name: string, steps: readonly Step[], parent: Scope): InstanceEntity => {
  const scope = new Scope(parent)
  const exports = new Map<string, Item>()
  for (const step of steps) {
    if (step.kind === 'type') {
      if (step.type.kind === 'resource') throw invalidWasm('an instance type makes no resources')
      scope.add('type', typeEntity(scope, step.type))
    } else if (step.kind === 'alias outer') {
      const { sort, value } = scope.outer(step.count).item(step.sort, step.index)
      scope.add(sort, value)
    } else if (step.kind === 'alias export') {
      const found = scope.instance(step.instance).exports.get(step.name)
      if (!found) throw invalidWasm(`${name} has an alias to ${step.name}, which is not there`)
      scope.add(found.sort, found.value)
    } else if (step.kind === 'declared') {
      const item = declaredItem(scope, name, step.name, step.what)
      exports.set(step.name, item)
      scope.add(item.sort, item.value)
    } else scope.add('core type', undefined)
  }
  return { exports }
}
