// Loaded into every Node process of a run under Wine, by NODE_OPTIONS=--import=<this file>.
//
// Wine does not resolve links, so node_modules/@uds/* looks like a real directory "under node_modules", where
// Node refuses to strip types. Imports of the workspace's own packages are therefore led to their sources.
import { registerHooks } from 'node:module'
import { resolve as resolvePath } from 'node:path'
import { pathToFileURL } from 'node:url'
import { aliases } from './projects.ts'

const table = aliases(resolvePath(import.meta.dirname, '../../..'))

registerHooks({
  resolve(specifier, context, nextResolve) {
    const alias = specifier.startsWith('@uds/') ? table.find(({ find }) => find.test(specifier)) : undefined
    if (alias === undefined) return nextResolve(specifier, context)
    const file = specifier.replace(alias.find, alias.replacement)
    return { url: pathToFileURL(file).href, shortCircuit: true }
  },
})
