import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir as udsCache } from '@uds/debian'

/** Where built guests are kept. */
export const cacheDir = (env: NodeJS.ProcessEnv): string => join(udsCache(env), 'guests')

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
