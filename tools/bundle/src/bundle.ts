/** Writes `dist` of a package: its code from `src`, its declarations from those that tsc has written to `build`. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Plugin, rolldown, type RolldownOptions } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'
import { builtins } from './builtins.ts'
import { chunks, needsLittle, needsNothing } from './chunks.ts'
import { entriesOf } from './entries.ts'
import { byInternal, listOf, withInternal } from './internal.ts'
import { smallMaps } from './maps.ts'

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')

/** Modules of Node and of other packages, with all their subpaths; of some only those. */
const externals = (names: readonly string[], onlyBelow: readonly string[] = []): RegExp[] => [
  /^node:/,
  ...names.map((name) => new RegExp(`^${escaped(name)}${onlyBelow.includes(name) ? '/' : '(/|$)'}`)),
]

const strict: Pick<RolldownOptions, 'platform' | 'onwarn'> = {
  platform: 'node',
  onwarn: (warning) => {
    throw new Error(warning.message)
  },
}

/**
 * Makes `dist` anew. What several entries share becomes a file of its own, so that it exists once in a process; what is
 * imported by `import()` is loaded when it is asked for. An entry that needs nothing of Node, where the main entry does, is
 * one file with copies: what it shared would bring Node's modules to a browser. A thread that needs little of its package
 * has a copy of that in its own file. Where there is an entry `./internal`, it is the file of the whole package. The maps
 * hold the sources, so comments are in them alone.
 *
 * @param folder - Of a package that `tsc -b` has built.
 * @throws Error for everything that rolldown warns of.
 */
export const bundle = async (folder: string): Promise<void> => {
  const { code, threads, typed, external } = entriesOf(folder)
  const dist = join(folder, 'dist')
  rmSync(dist, { recursive: true, force: true })
  const within = (path: string): string => join(folder, path)
  const moved = withInternal(folder, external)
  const options = { ...strict, external: externals(external, moved) }
  const write = async (sources: Readonly<Record<string, string>>, ...plugins: Plugin[]): Promise<void> => {
    const input = Object.fromEntries(Object.entries(sources).map(([name, path]) => [name, within(path)]))
    const made = await rolldown({
      ...options,
      input,
      // Its names are nobody's promise, so a thread may find one more there.
      preserveEntrySignatures: 'internal' in input ? 'allow-extension' : 'strict',
      plugins: [byInternal(moved), ...plugins, builtins, smallMaps],
    })
    await made.write({
      dir: dist,
      format: 'esm',
      sourcemap: true,
      comments: false,
      chunkFileNames: '[name]-[hash].js',
      codeSplitting: { groups: chunks(input) },
    })
    await made.close()
  }
  const { index } = code
  const asWritten = { ...options, plugins: [byInternal(moved)] }
  const ofNode = index !== undefined && !(await needsNothing(within(index), asWritten))
  const together: Record<string, string> = {}
  for (const [name, source] of Object.entries(code)) {
    if (ofNode && (await needsNothing(within(source), asWritten))) await write({ [name]: source })
    else together[name] = source
  }
  for (const [name, source] of Object.entries(threads)) {
    const alone = index !== undefined && (await needsLittle(within(source), within(index), asWritten))
    if (alone) await write({ [name]: source })
    else together[name] = source
  }
  const { index: door, internal, ...rest } = together
  if (door !== undefined && internal !== undefined) {
    await write({ internal, ...rest })
    await write({ index: door }, listOf(within(door)))
  } else await write(together)

  const declared = typed.map(
    (name) => [name, within(code[name]!.replace('./src/', 'build/').replace(/\.ts$/, '.d.ts'))] as const,
  )
  const ofTypes = await rolldown({
    ...strict,
    input: Object.fromEntries(declared),
    external: externals(external),
    plugins: [dts({ dtsOnly: true, sourcemap: false, tsconfig: within('tsconfig.json') })],
  })
  await ofTypes.write({ dir: dist, format: 'esm', chunkFileNames: '[name]-[hash].d.ts' })
  await ofTypes.close()
}
