import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** Where built guests are kept: `$XDG_CACHE_HOME/uds/guests`, else `~/.cache/uds/guests`. */
export const cacheDir = (env: NodeJS.ProcessEnv): string => {
  // The XDG Base Directory Specification has a relative path ignored.
  const base = env['XDG_CACHE_HOME']
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'uds/guests')
}

/** A short name for what `parts` say: equal inputs, equal name. */
export const fingerprint = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256')
  // The length goes first, so that no two lists of parts run together into the same bytes.
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex').slice(0, 16)
}

/** All files below `paths`, in the same order on every machine. */
export const filesBelow = (...paths: readonly string[]): string[] =>
  paths.flatMap((path) =>
    statSync(path).isDirectory()
      ? filesBelow(
          ...readdirSync(path)
            .toSorted()
            .map((name) => join(path, name)),
        )
      : [path],
  )

/** The contents of all files below `paths`, for {@link fingerprint}. */
export const contents = (...paths: readonly string[]): Buffer[] =>
  filesBelow(...paths).map((path) => readFileSync(path))

/**
 * Returns `path`, which `build` makes when it is not there. It is made under another name and renamed, so that an
 * interrupted build leaves nothing behind, and two at once do not disturb each other.
 */
export const once = (path: string, build: (unfinished: string) => void): string => {
  if (existsSync(path)) return path
  const unfinished = `${path}.${process.pid}`
  mkdirSync(dirname(path), { recursive: true })
  rmSync(unfinished, { recursive: true, force: true })
  try {
    build(unfinished)
    renameSync(unfinished, path)
  } catch (error) {
    // Another process was faster: a directory cannot be renamed onto one that is not empty.
    if (!existsSync(path)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return path
}
