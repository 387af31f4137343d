/** What is looked up at run time beside a module, which a bundler may have moved, or left behind. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { SocketError } from './errors/socket-error.ts'

/**
 * The file that a module lies in: itself, or the bundle that it was put into.
 *
 * @param url - Its `import.meta.url`. Bundlers leave that empty when they write CommonJS, which has `__filename` instead:
 *   for the script of a single executable, that is the executable.
 */
export const fileOf = (url: string | undefined): string =>
  url ? fileURLToPath(url) : typeof __filename === 'string' ? __filename : process.execPath

/** The name of the package that a file lies in: that of the nearest package.json above it. */
const packageOf = (file: string): string | undefined => {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (existsSync(manifest)) return (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name
    if (folder === dirname(folder)) return undefined
  }
}

/**
 * Whether a bundler has taken a module of this package into a bundle of another one.
 *
 * @param url - Its `import.meta.url`.
 */
export const isBundled = (url: string | undefined): boolean => {
  try {
    return packageOf(fileOf(url)) !== '@uds/winsock-ffi'
  } catch {
    // Node's permission model keeps package.json from being read; then nothing speaks for a bundle.
    return false
  }
}

/** A bundle has any extension, and so may a thread that was bundled beside it. */
const BUNDLED = ['.js', '.mjs', '.cjs']

/** Vite and Rollup put what several entries share into a directory below them. */
const DIRECTORIES = ['./', '../']

/**
 * The file that a thread begins with.
 *
 * @param module - As it is published: `@uds/winsock-ffi/dist/watch-thread.js`. It is looked for by its name, beside
 *   the module that starts it: in the workspace it ends with `.ts`.
 * @param from - `import.meta.url` of the module that starts it.
 * @throws SocketError `ENOTSUP` when a bundler has taken that module and left the thread behind.
 */
export const threadFile = (module: string, from: string | undefined): URL => {
  const starter = pathToFileURL(fileOf(from))
  const name = basename(module, '.js')
  const extensions = new Set([extname(starter.pathname), ...BUNDLED].filter((each) => each !== ''))
  for (const directory of DIRECTORIES)
    for (const extension of extensions) {
      const file = new URL(`${directory}${name}${extension}`, starter)
      if (existsSync(file)) return file
    }
  const [scope, packageName] = module.split('/')
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'thread',
    address: fileURLToPath(new URL(`./${name}.js`, starter)),
    detail: `a thread begins with this file of ${scope}/${packageName}, and a bundler does not take it along by itself`,
    advice: `leave ${scope}/${packageName} out of the bundle, or bundle node_modules/${module} as a file of its own beside it; under --permission, let it be read`,
  })
}
