import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where what is prepared once is kept: `$XDG_CACHE_HOME/uds`, else `~/.cache/uds`. */
export const cacheDir = (env: NodeJS.ProcessEnv): string => {
  // The XDG Base Directory Specification has a relative path ignored.
  const base = env['XDG_CACHE_HOME']
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'uds')
}

/** A short name for what `parts` say: equal inputs, equal name. */
export const fingerprint = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256')
  // The length goes first, so that no two lists of parts run together into the same bytes.
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex').slice(0, 16)
}
