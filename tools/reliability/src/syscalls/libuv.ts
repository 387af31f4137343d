/** Calls that libuv and Node make for their own sockets and files, made to fail by strace: one in each process. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DOCUMENTED } from '../faults/documented.ts'
import { straceIsMissing } from '../trials/programs.ts'
import type { Trial } from '../trials/trial.ts'

const script = join(import.meta.dirname, 'round-actor.ts')

/**
 * What each may fail with, by its man page. Calls that libuv takes for granted are left out: it ends the process where
 * epoll_ctl(2) or the write to its own eventfd fails.
 */
const FAULTS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ['socket', 'bind', 'listen', 'connect', 'accept4'].map((call) => [
      call,
      (DOCUMENTED[call] ?? []).flatMap((fault) => (fault.kind === 'error' ? [fault.code] : [])),
    ]),
  ),
  shutdown: ['ENOTCONN'],
  link: ['EACCES', 'EIO', 'EMLINK', 'ENOSPC', 'EPERM', 'EROFS'],
  unlink: ['EACCES', 'EIO', 'EPERM', 'EROFS'],
  rename: ['EACCES', 'EIO', 'ENOSPC', 'EPERM', 'EROFS'],
}
const TRACED = Object.keys(FAULTS)

interface Call {
  readonly call: string
  /** Its number among those of the same name in the process. */
  readonly at: number
}

const run = (options: readonly string[], args: readonly unknown[]): ReturnType<typeof spawnSync> =>
  spawnSync(
    'strace',
    [...options, process.execPath, '--disable-warning=ExperimentalWarning', script, JSON.stringify(args)],
    { encoding: 'utf8', timeout: 60_000 },
  )

/** The calls between the two looks of the process, in an untouched run. */
const callsOf = (operation: string, directory: string): Call[] => {
  const trace = join(directory, 'trace')
  run(
    ['-o', trace, '-e', `trace=${[...TRACED, 'access', 'faccessat', 'faccessat2'].join(',')}`],
    [operation, directory],
  )
  const counts = new Map<string, number>()
  const calls: Call[] = []
  let inside = false
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    const [, call = ''] = /^(\w+)\(/.exec(line) ?? []
    if (line.includes('/begin"')) inside = true
    if (line.includes('/end"')) break
    const at = (counts.get(call) ?? 0) + 1
    counts.set(call, at)
    if (inside && FAULTS[call] !== undefined) calls.push({ call, at })
  }
  rmSync(trace)
  return calls
}

/** How the actor begins what it says of files that are left. */
const FILES = 'files are there'

const SHORT_FORM = 6

export const libuv = (operation: string): Trial => ({
  impossible: straceIsMissing,
  run: ({ directory, random, scale }) => {
    const calls = callsOf(operation, mkdtempSync(join(directory, 'u')))
    const all = calls.flatMap((each) => (FAULTS[each.call] ?? []).map((code) => ({ ...each, code })))
    if (all.length === 0) throw new Error('no call was recorded')
    // By hand all of them; in the short form some, which the seed chooses.
    const chosen = scale > 1 ? all : Array.from({ length: SHORT_FORM }, () => random.of(all))
    const problems: string[] = []
    let worked = 0
    for (const { call, at, code } of chosen) {
      const place = mkdtempSync(join(directory, 'p'))
      const inject = `inject=${call}:error=${code}:when=${at}`
      const { status, signal, stdout, stderr } = run(['-o', '/dev/null', '-e', inject], [operation, place])
      const found =
        status === 0
          ? (JSON.parse(String(stdout).trim()) as { ended: string; problems: string[] })
          : {
              ended: 'died',
              problems: [`the process ended: ${signal ?? status} ${String(stderr).slice(-300)}`],
            }
      if (found.ended === 'works') worked += 1
      // Where the system refuses to remove a file, it stays; the next server replaces it, which was tried as well.
      const stays = call === 'unlink' || call === 'rename'
      const wrong = found.problems.filter((each) => !(stays && each.startsWith(FILES)))
      problems.push(...wrong.map((each) => `-e ${inject}: ${each}`))
      rmSync(place, { recursive: true, force: true })
    }
    return {
      tried: chosen.length,
      counts: `${chosen.length} of ${all.length} faults of ${calls.length} calls, ${worked} not noticed by the caller`,
      problems,
    }
  },
})
