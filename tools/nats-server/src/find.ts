/** Where a nats-server is: on PATH, or Debian 13's in the cache; how it gets there. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheDir, makeRoot } from '@uds/debian'

/** A nats-server that is new enough. */
export interface NatsServer {
  readonly file: string
  /** "2.10.27" */
  readonly version: string
}

/** There is none; `install` says how to get it. */
export interface Missing {
  readonly missing: string
  readonly install: string
}

/** The first minor version of 2 that `@uds/nats` takes. */
const FIRST_MINOR = 10

const home = (): string => join(cacheDir(process.env), 'nats-server')

const ask = (file: string): NatsServer | undefined => {
  if (!existsSync(file)) return undefined
  const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' })
  const [, version, major, minor] = /v((\d+)\.(\d+)\.\d+)/.exec(status === 0 ? stdout : '') ?? []
  if (version === undefined || Number(major) < 2) return undefined
  return Number(major) > 2 || Number(minor) >= FIRST_MINOR ? { file, version } : undefined
}

let found: NatsServer | undefined

/** The first that is new enough. */
export const findNatsServer = (): NatsServer | Missing => {
  const onPath = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), '/usr/sbin']
  for (const directory of [...onPath, join(home(), 'usr/sbin')]) {
    found ??= ask(join(directory, 'nats-server'))
  }
  return (
    found ?? {
      missing: `nats-server 2.${FIRST_MINOR} or later`,
      install: 'pnpm nats-server gets that of Debian 13; elsewhere put one on PATH',
    }
  )
}

/** Finds it, or unpacks Debian 13's: 11 MB to download. Where that cannot be, it stays missing. */
export const makeNatsServer = async (say: (line: string) => void): Promise<NatsServer | Missing> => {
  const before = findNatsServer()
  if (!('missing' in before)) return before
  try {
    await makeRoot({ release: 'trixie', packages: ['nats-server'] }, home(), say)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ...before, install: `nats-server of Debian 13 (${why})` }
  }
  return findNatsServer()
}

/**
 * The server that tests take; undefined where there is none, which is said in words.
 *
 * @throws Error when there is none, and UDS_REQUIRE=all demands it on this system.
 */
export const neededNatsServer = (): NatsServer | undefined => {
  const server = findNatsServer()
  if (!('missing' in server)) return server
  const line = `${server.missing} is missing: ${server.install}`
  // Debian has it for Linux; the Windows runs under Wine have none.
  if (process.env['UDS_REQUIRE'] === 'all' && process.platform === 'linux') throw new Error(line)
  process.stderr.write(`${line}\n`)
  return undefined
}
