/** Modules of Node by `process.getBuiltinModule` in place of import statements. */
import type { Plugin } from 'rolldown'

const NAMED = /^import \{([^}]*)\} from "(node:[^"]+)";$/gm

/** `a as b` of an import is `a: b` of a destructuring. */
const destructured = (names: string): string => names.replace(/(\S+) as (\S+)/g, '$1: $2')

/**
 * Rewrites the named imports of Node's modules in the code that rolldown writes. An import statement reads every export of
 * the module, and so runs getters that load what stands behind them: one of `node:fs` loads 30 modules more, the history
 * of the REPL among them. That was an eighth of what an import of `@uds/events` takes.
 *
 * @see https://nodejs.org/api/process.html#processgetbuiltinmoduleid since Node 22.3
 */
export const builtins: Plugin = {
  name: 'builtins',
  renderChunk: (code) => ({
    code: code.replace(
      NAMED,
      (_all, names: string, module: string) =>
        `const {${destructured(names)}} = process.getBuiltinModule("${module}");`,
    ),
    // Every line stays where it is, and so does what the map says of it.
    map: null,
  }),
}
