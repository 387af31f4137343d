/** Circles of imports, by Tarjan's strongly connected components. */
import type { Imports } from './imports.ts'

/** Each set of files that import one another in a circle, in the order in which they stand in the package. */
export const circles = (imports: Imports): string[][] => {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (file: string): void => {
    index.set(file, index.size)
    low.set(file, index.get(file)!)
    stack.push(file)
    for (const next of imports.get(file) ?? []) {
      if (!index.has(next)) visit(next)
      if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!))
    }
    if (low.get(file) !== index.get(file)) return
    const members = stack.splice(stack.indexOf(file))
    if (members.length > 1 || imports.get(file)?.includes(file)) found.push(members.toSorted())
  }
  for (const file of imports.keys()) if (!index.has(file)) visit(file)
  return found
}
