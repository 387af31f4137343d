import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { command, makeRoot } from '@uds/debian'
import { privateWine, winePlan } from './private-wine.ts'

/** A Wine that can run the tests. */
export interface Wine {
  readonly command: string
  /** Its wineserver; undefined when it was not found, so that it ends by itself. */
  readonly server: string | undefined
  /** What it says of itself, as "wine-10.0 (Debian 10.0~repack-6)". */
  readonly version: string
}

/** The oldest major that runs vitest: the native part of rolldown does not load in Wine 8. */
const OLDEST = 10

/** The major of what `wine --version` prints. */
export const wineMajor = (version: string): number | undefined => {
  const digits = /^wine-(\d+)\./.exec(version)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

const ask = async (wine: string): Promise<string | undefined> => {
  try {
    return (await command(wine, ['--version'], { timeoutMs: 20_000 })).trim()
  } catch {
    return undefined
  }
}

const server = (wine: string): string | undefined => {
  const beside = [wine, realpathSync(wine)].map((path) => join(dirname(path), 'wineserver'))
  return [...beside, '/usr/lib/wine/wineserver'].find((path) => existsSync(path))
}

const onPath = (env: NodeJS.ProcessEnv): string[] =>
  (env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .flatMap((dir) => ['wine', 'wine64'].map((name) => join(dir, name)))
    .filter((path) => existsSync(path))

const HOW_TO = `Install Wine ${OLDEST} or newer (Debian 13: apt-get install wine64; macOS: brew install --cask wine-stable), or name one by UDS_WINE=<path of wine>.`

/** The first on PATH that is new enough, else the private one, once it is made. */
const findReady = async (home: string, env: NodeJS.ProcessEnv): Promise<Wine | undefined> => {
  for (const path of [...onPath(env), privateWine(home)]) {
    if (path === undefined) continue
    const version = await ask(path)
    if ((wineMajor(version ?? '') ?? 0) >= OLDEST) {
      return { command: path, server: server(path), version: version ?? '' }
    }
  }
  return undefined
}

/**
 * Finds Wine: the one that UDS_WINE names; else one on PATH that is new enough; else the private one in the
 * cache, which is made from Debian's packages when it is not there yet.
 *
 * @throws Error that says what to install.
 */
export const findWine = async (
  cache: string,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<Wine> => {
  const named = env['UDS_WINE']
  if (named) {
    const version = existsSync(named) ? await ask(named) : undefined
    if (version === undefined) throw new Error(`UDS_WINE=${named} is no Wine that starts. ${HOW_TO}`)
    return { command: named, server: server(named), version }
  }
  const home = join(cache, 'wine')
  const ready = await findReady(home, env)
  if (ready !== undefined) return ready
  if (process.arch !== 'x64')
    throw new Error(`Wine runs Windows programs for x64 on x64 machines only. ${HOW_TO}`)
  await makeRoot(winePlan, home, say).catch((cause: unknown) => {
    throw new Error(`There is no fit Wine, and none could be made of Debian's packages. ${HOW_TO}`, { cause })
  })
  const made = await findReady(home, env)
  if (made === undefined) throw new Error(`The Wine made in ${home} does not start. ${HOW_TO}`)
  return made
}
