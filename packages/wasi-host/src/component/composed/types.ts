/** Makes types of what a component says of them. */
import type {
  Extern,
  Step,
  TypeDefinition,
  ValueDefinition,
  ValueRef,
} from '../../module/composition/definition.ts'
import { invalidWasm } from '../../outcome/errors.ts'
import { casesOf, partsOf, type Resource, type Type } from '../canonical/types.ts'
import { Scope, type HostFunction, type InstanceEntity, type Item, type TypeEntity } from './entities.ts'
import { hostResourceType } from './resources.ts'

const refer = (scope: Scope, of: ValueRef): Type => {
  if (typeof of === 'string') return { kind: of }
  const entity = scope.type(of)
  if (entity.kind === 'value') return entity.type
  throw invalidWasm(`this component uses the type ${of} as one of values, and it is a ${entity.kind}`)
}

const resourceAt = (scope: Scope, index: number): Resource => {
  const entity = scope.type(index)
  if (entity.kind === 'resource') return entity.resource
  throw invalidWasm(`this component uses the type ${index} as a resource, and it is a ${entity.kind}`)
}

const valueType = (scope: Scope, value: ValueDefinition): Type => {
  switch (value.kind) {
    case 'alias':
      return refer(scope, value.of)
    case 'record':
      return { kind: 'record', fields: value.fields.map(([name, of]) => [name, refer(scope, of)]) }
    case 'variant':
      return {
        kind: 'variant',
        cases: value.cases.map(([name, of]) => (of === undefined ? [name] : [name, refer(scope, of)])),
      }
    case 'list':
    case 'option':
      return { kind: value.kind, of: refer(scope, value.of) }
    case 'tuple':
      return { kind: 'tuple', of: value.of.map((of) => refer(scope, of)) }
    case 'result':
      return {
        kind: 'result',
        ok: value.ok === undefined ? undefined : refer(scope, value.ok),
        error: value.error === undefined ? undefined : refer(scope, value.error),
      }
    case 'own':
    case 'borrow':
      return { kind: 'handle', own: value.kind === 'own', resource: resourceAt(scope, value.resource) }
    case 'unknown':
      throw invalidWasm(`this component was composed with ${value.name}, which this host does not pass on`)
    default:
      return value
  }
}

/** Parts of one type, those of its parts included: a type that names another twice, and so on, grows without end. */
const MOST_PARTS = 10_000

const weights = new WeakMap<Type, number>()

const partsIn = (type: Type): readonly Type[] => {
  const cases = casesOf(type)?.flatMap(([, each]) => each ?? [])
  if (cases) return cases
  return type.kind === 'list' ? [type.of] : (partsOf(type) ?? [])
}

/** Its parts are weighed already, since a type names only those before it. */
const weighed = (type: Type): Type => {
  const weight = partsIn(type).reduce((sum, each) => sum + (weights.get(each) ?? 1), 1)
  if (weight > MOST_PARTS) throw invalidWasm(`a type of this component has more than ${MOST_PARTS} parts`)
  weights.set(type, weight)
  return type
}

/** A type that is not one of resources, which a component makes itself. */
export const typeEntity = (scope: Scope, type: Exclude<TypeDefinition, { kind: 'resource' }>): TypeEntity => {
  if (type.kind === 'instance') return { kind: 'instance', steps: type.steps, scope }
  if (type.kind === 'component') return type
  if (type.kind === 'value') return { kind: 'value', type: weighed(valueType(scope, type.value)) }
  return {
    kind: 'func',
    type: {
      parameters: type.parameters.map((of) => refer(scope, of)),
      result: type.result === undefined ? undefined : refer(scope, type.result),
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
