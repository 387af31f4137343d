/** What the command line asks for. */
import { parseArgs } from 'node:util'

/** An order, read from the command line. */
export interface Order {
  /** Only campaigns and operations whose names have this text in them. */
  readonly only: string
  /** One fault alone: the number of the call and of the fault. */
  readonly fault: readonly [call: number, choice: number] | undefined
  readonly help: boolean
}

export const USAGE = `usage: pnpm test:reliability [--only TEXT] [--fault CALL/FAULT]
  --only TEXT          only operations whose names have this text, as "pipes: descriptors"
  --fault CALL/FAULT   one fault alone, as a line of the output names it, as "19/1"; with --only`

/** @throws TypeError that says what is wrong. */
export const readArguments = (argv: readonly string[]): Order => {
  const { values } = parseArgs({
    args: [...argv],
    options: { only: { type: 'string' }, fault: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  const { only = '', fault, help = false } = values
  const parts = fault === undefined ? undefined : /^([1-9]\d*)\/(\d+)$/.exec(fault)
  if (parts === null) throw new TypeError(`--fault must be CALL/FAULT, as 19/1, and is ${fault}`)
  return { only, fault: parts && [Number(parts[1]), Number(parts[2])], help }
}
