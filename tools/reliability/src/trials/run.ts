/** Runs trials, once or for minutes, and says what was tried and what was wrong. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from './random.ts'
import type { Outcome, Trial } from './trial.ts'

/** What has been counted. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

export interface TrialSettings {
  readonly seed: number
  /** How long they are repeated; undefined: each once, the long ones not at all. */
  readonly minutes: number | undefined
  /** What is missing is a failure. */
  readonly demanding: boolean
  readonly print: (line: string) => void
}

/** After so long a trial hangs. It keeps the process alive, too, which would end where nothing is left to wait for. */
const HUNG_MS = 600_000

const withinLimit = async (outcome: Promise<Outcome>): Promise<Outcome> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`it hung for ${HUNG_MS / 1000} s`)), HUNG_MS)
  try {
    return await Promise.race([outcome, promise])
  } finally {
    clearTimeout(timer)
  }
}

const inDirectory = async (trial: Trial, seed: number, scale: number): Promise<Outcome> => {
  const directory = mkdtempSync(join(tmpdir(), 'uds-r-'))
  try {
    const run = { seed, random: new Random(seed), directory, scale }
    return await withinLimit((async () => trial.run(run))())
  } catch (error) {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { tried: 1, counts: 'it could not be finished', problems: [problem] }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Tries these, one after the other, again and again when there are minutes. */
export const runTrials = async (
  trials: readonly (readonly [name: string, trial: Trial])[],
  { seed, minutes, demanding, print }: TrialSettings,
  counts: Counts,
): Promise<void> => {
  const end = performance.now() + (minutes ?? 0) * 60_000
  const chosen = trials.filter(([, { long }]) => minutes !== undefined || long !== true)
  const possible: (typeof chosen)[number][] = []
  for (const each of chosen) {
    const [name, trial] = each
    const why = trial.impossible?.()
    if (why === undefined) possible.push(each)
    else {
      print(`${name}: cannot be tried here: ${why}`)
      counts[demanding ? 'failed' : 'skipped'] += 1
    }
  }
  for (let round = 0; round === 0 || performance.now() < end; round += 1) {
    for (const [name, trial] of possible) {
      if (round > 0 && performance.now() >= end) return
      const from = performance.now()
      const used = seed + round
      const outcome = await inDirectory(trial, used, minutes === undefined ? 1 : 2)
      const seconds = ((performance.now() - from) / 1000).toFixed(1)
      print(`${name}: ${outcome.counts}, seed ${used}, ${seconds} s`)
      for (const each of outcome.problems) print(`  ${each}`)
      if (outcome.problems.length > 0) {
        const length = minutes === undefined ? '' : ' --minutes 0.01'
        print(`  again: pnpm test:reliability --only '${name}' --seed ${used}${length}`)
        counts.failed += 1
      } else counts.passed += outcome.tried
    }
    if (possible.length === 0) return
  }
}
