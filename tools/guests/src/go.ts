/** Go: the one in PATH where it is new enough, else that of Debian 13, unpacked into the cache. */
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir, makeRoot } from '@uds/debian'
import { run } from './run.ts'
import type { Missing } from './toolchain.ts'

/** A Go that compiles for WASI. */
export interface Go {
  readonly go: string
  /** "go version go1.24.4 linux/amd64" */
  readonly version: string
  readonly env: Readonly<Record<string, string>>
}

// The first that compiles for wasip1: https://go.dev/blog/wasi
const FIRST = 21

const ask = (go: string, env: Go['env']): Go | undefined => {
  try {
    const version = run(go, ['version'], { env }).trim()
    return Number(/go1\.(\d+)/.exec(version)?.[1] ?? 0) >= FIRST ? { go, version, env } : undefined
  } catch {
    return undefined
  }
}

const home = (): string => join(cacheDir(process.env), 'go')

// Its own root is compiled in; where it lies in another place, GOROOT names it (https://go.dev/doc/install/source).
const unpacked = (): Go | undefined => {
  const [go] = globSync(join(home(), 'usr/lib/go-1.*/bin/go'))
  return go === undefined ? undefined : ask(go, { GOROOT: dirname(dirname(go)) })
}

/** Finds it; not by testkit's program(), which demands it with UDS_REQUIRE=all: Debian 12 has 1.19. */
export const findGo = (): Go | Missing =>
  ask('go', {}) ??
  unpacked() ?? { missing: `Go 1.${FIRST} or later`, install: 'pnpm guests gets that of Debian 13' }

/** Finds it, or unpacks Debian 13's: 70 MB to download. Where that cannot be, it stays missing. */
export const makeGo = async (say: (line: string) => void): Promise<Go | Missing> => {
  const found = findGo()
  if (!('missing' in found)) return found
  try {
    await makeRoot({ release: 'trixie', packages: ['golang-go'] }, home(), say)
  } catch (error) {
    return { ...found, install: `golang-go of Debian 13 (${error instanceof Error ? error.message : error})` }
  }
  return findGo()
}
