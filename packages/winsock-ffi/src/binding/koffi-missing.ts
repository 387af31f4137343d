/** Why koffi could not be loaded, and what to do about it. */
import { dirname, join } from 'node:path'
import { fileOf, isBundled } from '../bundle.ts'
import { SocketError } from '../errors/socket-error.ts'
import { system } from '../system.ts'

interface LoadError extends Error {
  readonly code?: string
  readonly resource?: string
}

const target = `${system}-${process.arch}`

/** koffi's own files, and those of its binary in `@koromix`, which lie beside it. */
const modulesOf = (resource: string): string =>
  /^.*?node_modules(?=[\\/](koffi|@koromix)\b)/.exec(resource)?.[0] ?? dirname(resource)

const describe = (error: LoadError, url: string | undefined): [detail: string, advice: string] => {
  if (error.code === 'ERR_DLOPEN_DISABLED')
    return [
      'Node was told to load no native code',
      'under --permission, give node --allow-addons as well; leave out --no-addons',
    ]
  if (error.code === 'ERR_ACCESS_DENIED')
    return [
      `Node's permission model does not let it be read`,
      `under --permission, give node --allow-addons --allow-fs-read=${modulesOf(error.resource ?? '')}`,
    ]
  if (error.name === 'NotCapable') return ["Deno's permissions refuse it", 'deno run needs --allow-ffi']
  const bundled = isBundled(url)
  const beside = join(dirname(fileOf(url)), 'node_modules')
  if (error.code === 'MODULE_NOT_FOUND')
    return bundled
      ? [
          `this is a bundle, and koffi is in no node_modules beside it or above`,
          `koffi cannot be bundled: run "npm install koffi" where the bundle lies, or copy node_modules/@koromix to ${beside}`,
        ]
      : [
          'it is not installed',
          'run "npm install koffi"; packages installed with --omit=optional are without it',
        ]
  if (error.message.startsWith('Cannot find the native Koffi module'))
    return [
      `it is there, and its binary for ${target} (@koromix/koffi-${target}) is not`,
      bundled
        ? `koffi cannot be bundled: leave it external, and copy @koromix with it to ${beside}`
        : 'run "npm install koffi" on this system: node_modules of another one has another binary',
    ]
  return [error.message.split('\n', 1)[0]!, 'see https://koffi.dev/start for the systems it is for']
}

/**
 * @param url - `import.meta.url` of the module that wants koffi.
 */
export const koffiMissing = (cause: unknown, url: string | undefined): SocketError => {
  const [detail, advice] = describe(cause as LoadError, url)
  return new SocketError({
    code: 'ENOTSUP',
    syscall: 'load',
    address: 'koffi',
    detail: `system calls need koffi, which could not be loaded: ${detail}`,
    advice,
    cause,
  })
}
