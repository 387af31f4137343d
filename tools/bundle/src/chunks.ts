/** Which modules of a package stand in one file, so that an import reads few files and little that it does not need. */
import { isAbsolute } from 'node:path'
import { rolldown, type CodeSplittingGroup, type InputOptions, type PluginContext } from 'rolldown'

type Graph = Pick<PluginContext, 'getModuleInfo'>

/** Modules that an import loads, itself among them: not what it loads when it needs it. */
const reached = (graph: Graph, id: string, found: Set<string> = new Set()): Set<string> => {
  if (found.has(id)) return found
  found.add(id)
  for (const next of graph.getModuleInfo(id)?.importedIds ?? []) reached(graph, next, found)
  return found
}

const size = (graph: Graph, modules: Set<string>): number =>
  [...modules].reduce((sum, id) => sum + (graph.getModuleInfo(id)?.code?.length ?? 0), 0)

/** An entry that needs less than this share of what the package's main entry loads is not made to read all of it. */
const LIGHT = 0.5

type Place = 'main' | 'shared'

/** The entry that holds the package: `./internal` where there is one, and otherwise `.`. */
const mainOf = (entries: Readonly<Record<string, string>>): string =>
  'internal' in entries ? 'internal' : 'index'

const places = (graph: Graph, entries: Readonly<Record<string, string>>): Map<string, Place> => {
  const found = new Map<string, Place>()
  const { [mainOf(entries)]: first, ...others } = entries
  if (first === undefined) return found
  const main = reached(graph, first)
  for (const id of main) found.set(id, 'main')
  if ('internal' in entries) return found
  for (const other of Object.values(others)) {
    const common = new Set([...reached(graph, other)].filter((id) => main.has(id)))
    if (size(graph, common) < LIGHT * size(graph, main)) for (const id of common) found.set(id, 'shared')
  }
  return found
}

/**
 * The files of what the main entry loads: one of its name, and `shared` for what it has in common with entries that need little of
 * it. An entry `./internal` is one file: what siblings and threads need is among its names. By itself rolldown makes a file for every set of entries with something in common, and each file takes half a
 * millisecond of an import.
 *
 * @param entries - The modules of the entries, by name; the entry `.` is `index`.
 */
export const chunks = (entries: Readonly<Record<string, string>>): CodeSplittingGroup[] => {
  let found: Map<string, Place> | undefined
  const at = (place: Place, priority: number): CodeSplittingGroup => ({
    debugName: place,
    priority,
    name: (id, graph) => {
      if ((found ??= places(graph, entries)).get(id) !== place) return null
      return place === 'main' ? mainOf(entries) : place
    },
  })
  // A file takes along what its modules import, so the lower one is filled first.
  return [at('shared', 2), at('main', 1)]
}

/** A thread that shared the package's files would read so many characters of source for nothing, before it gets its own. */
const WORTH_A_COPY = 128 * 1024

/**
 * Whether a thread gets a file of its own with a copy of what it needs. Threads share no state, so a copy changes nothing.
 *
 * @param thread - Its module.
 * @param index - The module of the entry `.`.
 */
export const needsLittle = async (thread: string, index: string, options: InputOptions): Promise<boolean> => {
  let needless = 0
  const measure = {
    name: 'measure',
    buildEnd(this: PluginContext) {
      const main = reached(this, index)
      const used = [...reached(this, thread)].filter((id) => main.has(id))
      needless = size(this, main) - size(this, new Set(used))
    },
  }
  const looked = await rolldown({ ...options, input: [index, thread], plugins: [options.plugins, measure] })
  await looked.generate()
  await looked.close()
  return needless > WORTH_A_COPY
}

/** Whether an entry needs no module of Node and no other package: it runs in a browser too. */
export const needsNothing = async (entry: string, options: InputOptions): Promise<boolean> => {
  let alone = false
  const look = {
    name: 'look',
    buildEnd(this: PluginContext) {
      // What is left outside keeps the name by which it is imported.
      alone = [...reached(this, entry)].every((id) => isAbsolute(id))
    },
  }
  const looked = await rolldown({ ...options, input: [entry], plugins: [options.plugins, look] })
  await looked.generate()
  await looked.close()
  return alone
}
