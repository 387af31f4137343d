/** What the command line asks for. */
import { parseArgs } from 'node:util'

/** An order, read from the command line. */
export interface Order {
  /** Only operations and trials whose names have this text in them. */
  readonly only: string
  /** One fault alone: the number of the call and of the fault. */
  readonly fault: readonly [call: number, choice: number] | undefined
  /** Where chance begins. */
  readonly seed: number
  /** So long trials are repeated, each time with the next seed; undefined: once, in the short form. */
  readonly minutes: number | undefined
  readonly help: boolean
}

export const USAGE = `usage: pnpm test:reliability [--minutes N] [--seed S] [--only NAME] [--fault CALL/FAULT]
  --minutes N          repeats the trials for so long, each time with the next seed, the long ones too; without it, once
  --seed S             where chance begins, a whole number; without it, 1
  --only NAME          only operations and trials whose names have this text, as "pipes: descriptors" or "deaths: "
  --fault CALL/FAULT   one fault alone, as a line of the output names it, as "19/1"; with --only`

const number = (
  name: string,
  text: string | undefined,
  pattern: RegExp,
  what: string,
): number | undefined => {
  if (text === undefined) return undefined
  if (!pattern.test(text)) throw new TypeError(`--${name} must be ${what}, and is ${text}`)
  return Number(text)
}

/** @throws TypeError that says what is wrong. */
export const readArguments = (argv: readonly string[]): Order => {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...argv],
    options: { only: text, fault: text, seed: text, minutes: text, help: { type: 'boolean', short: 'h' } },
  })
  const { only = '', fault, help = false } = values
  const parts = fault === undefined ? undefined : /^([1-9]\d*)\/(\d+)$/.exec(fault)
  if (parts === null) throw new TypeError(`--fault must be CALL/FAULT, as 19/1, and is ${fault}`)
  return {
    only,
    fault: parts && [Number(parts[1]), Number(parts[2])],
    seed: number('seed', values.seed, /^\d{1,9}$/, 'a whole number of at most nine digits') ?? 1,
    minutes: number('minutes', values.minutes, /^\d+(\.\d+)?$/, 'a number of minutes'),
    help,
  }
}
