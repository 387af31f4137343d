/**
 * Makes a component of a module of JavaScript: a program, since the package that does it is not of this workspace.
 *
 *   node componentize.ts PACKAGE-DIRECTORY WIT-DIRECTORY SOURCE OUTPUT
 */
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface ComponentizeJs {
  readonly componentize: (
    source: string,
    options: { readonly witPath: string; readonly worldName: string },
  ) => Promise<{ readonly component: Uint8Array }>
}

/** The version of WASI that its engine exports, whatever is the newest. */
const WASI = '0.2.10'

const WORLD = `package uds:guest;
world server {
  include wasi:http/proxy@${WASI};
}
`

const [library = '', wit = '', source = '', output = ''] = process.argv.slice(2)
const work = mkdtempSync(join(tmpdir(), 'uds-wit-'))
try {
  cpSync(wit, join(work, 'deps'), { recursive: true })
  for (const file of globSync(join(work, 'deps/**/*.wit')))
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/@0\.2\.\d+/g, `@${WASI}`))
  writeFileSync(join(work, 'server.wit'), WORLD)
  const door = pathToFileURL(join(library, 'src/componentize.js')).href
  const { componentize } = (await import(door)) as ComponentizeJs
  const made = await componentize(readFileSync(source, 'utf8'), { witPath: work, worldName: 'server' })
  writeFileSync(output, made.component)
} finally {
  rmSync(work, { recursive: true, force: true })
}
