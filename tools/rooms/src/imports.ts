/** The files of a package's `src` and what each imports of the others: values and types alike. */
import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Each file, by its path below `src`, with the files it imports. */
export type Imports = ReadonlyMap<string, readonly string[]>

/** `import ... from`, `export ... from`, `import '...'` and `import('...')` of a relative path. */
const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)'(\.{1,2}\/[^']+)'/g

/** Comments may hold examples, whose imports are not the file's. */
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm

/** The relative paths that a source imports, as it writes them. */
export const specifiers = (source: string): string[] =>
  [...source.replace(COMMENT, '').matchAll(SPECIFIER)].map(([, path]) => path!)

/** Reads every `.ts` file below a folder. */
export const readImports = (src: string): Imports =>
  new Map(
    globSync('**/*.ts', { cwd: src })
      .map((file) => file.replaceAll('\\', '/'))
      .toSorted()
      .map((file) => [
        file,
        specifiers(readFileSync(join(src, file), 'utf8')).map((path) =>
          posix.join(posix.dirname(file), path),
        ),
      ]),
  )
