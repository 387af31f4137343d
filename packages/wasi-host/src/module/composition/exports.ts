/** exportedNames: the functions that a component exports, by the names that a core module would have them under. */
import { invalidWasm } from '../../outcome/errors.ts'
import type { Sort, Step } from './definition.ts'

/** What is known of an instance: the functions in it. */
type Known = readonly string[]

const nothing: Known = []

/** Names of one component: one that exports two instances of another, and so on, grows without end. */
const MOST_NAMES = 10_000

const named = (
  steps: readonly Step[],
  before: Map<readonly Step[], Known>,
): { readonly own: readonly string[]; readonly instances: readonly Known[] } => {
  const own: string[] = []
  const instances: Known[] = []
  const components: (readonly Step[])[] = []
  const names = (of: { readonly sort: Sort; readonly index: number }, name: string): string[] => {
    if (of.sort === 'func') return [name]
    return of.sort === 'instance' ? (instances[of.index] ?? nothing).map((each) => `${name}#${each}`) : []
  }
  for (const step of steps) {
    if (step.kind === 'component') components.push(step.steps)
    else if (step.kind === 'instance') instances.push(namesOf(components[step.component] ?? [], before))
    else if (step.kind === 'bundle') instances.push(step.exports.flatMap(({ name, of }) => names(of, name)))
    else if (step.kind === 'import' && step.what.kind === 'instance') instances.push(nothing)
    else if (step.kind === 'import' && step.what.kind === 'component') components.push([])
    else if (step.kind === 'alias export' && step.sort === 'instance') {
      const prefix = `${step.name}#`
      const of = instances[step.instance] ?? nothing
      instances.push(of.flatMap((each) => (each.startsWith(prefix) ? [each.slice(prefix.length)] : [])))
    } else if (step.kind === 'alias outer' && step.sort === 'component') components.push([])
    else if (step.kind === 'export') {
      const { sort, index } = step.of
      if (sort === 'instance') instances.push(instances[index] ?? nothing)
      if (sort === 'component') components.push(components[index] ?? [])
      own.push(...names(step.of, step.name))
    }
  }
  return { own, instances }
}

/** Of each component once, however many instances it has. */
const namesOf = (steps: readonly Step[], before: Map<readonly Step[], Known>): Known => {
  const known = before.get(steps) ?? named(steps, before).own
  if (known.length > MOST_NAMES) throw invalidWasm(`this component exports more than ${MOST_NAMES} functions`)
  before.set(steps, known)
  return known
}

/** Those that can be known before it is made. */
export const exportedNames = (steps: readonly Step[]): readonly string[] => namesOf(steps, new Map())
