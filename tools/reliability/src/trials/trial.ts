/** A trial: something that is tried with chance from a seed, and what was wrong then. */
import type { Random } from './random.ts'

/** What a trial receives. */
export interface Run {
  /** The same seed makes the same choices; when processes are killed, the system still decides what they had done. */
  readonly seed: number
  readonly random: Random
  /** An empty directory with a short path, removed at the end. */
  readonly directory: string
  /** How much: 1 in the short form of CI, more by hand. */
  readonly scale: number
}

/** What came of it. */
export interface Outcome {
  /** How often something was tried. */
  readonly tried: number
  /** The rest in words and numbers, as "12 deaths, 3,400 messages". */
  readonly counts: string
  /** What was lost, doubled, leaked or left; empty when nothing was. */
  readonly problems: readonly string[]
}

export interface Trial {
  /** Why it cannot be tried on this machine; undefined when it can. */
  readonly impossible?: () => string | undefined
  /** Left out of the short form: it takes minutes. */
  readonly long?: true
  run(run: Run): Promise<Outcome> | Outcome
}

export type Trials = Readonly<Record<string, Trial>>
