/** One operation, in this process, with the first fault of its first call, the second, ... until all calls are left alone. */
import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
// The plan comes before everything that makes calls.
import { plan } from './plan.ts'
import { attempt, sweep, type Operation } from '../operations/operation.ts'
import type { Result } from './result.ts'

/** After so long an operation counts as hung: the waits of its own are shorter. */
const HUNG_MS = 5000
/** What is closed by the loop is closed a little later. */
const SETTLE_MS = 1000

/** Where to begin, and whether to try this one fault alone. */
export interface Beginning {
  readonly call: number
  readonly choice: number
  readonly alone: boolean
}

const escaped: unknown[] = []
process.on('uncaughtException', (error) => escaped.push(error))
process.on('unhandledRejection', (error) => escaped.push(error))

const descriptors = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`]
    } catch {
      return []
    }
  })

const inWords = (error: unknown): string =>
  error instanceof Error
    ? `${(error as NodeJS.ErrnoException).code ?? error.name}: ${error.message}`
    : String(error)

/** Undefined when it worked; what it failed with; or 'hung'. */
const outcome = async (directory: string, operation: Operation): Promise<unknown> => {
  const over = new AbortController()
  const hung = delay(HUNG_MS, 'hung', { signal: over.signal })
  hung.catch(() => {})
  const ended = await Promise.race([
    attempt(directory, operation).then(
      () => undefined,
      (error: unknown) => error,
    ),
    hung,
  ])
  over.abort()
  return ended
}

const settled = async (isSo: () => boolean): Promise<boolean> => {
  for (let waited = 0; waited < SETTLE_MS; waited += 20) {
    if (isSo()) return true
    await delay(20)
  }
  return isSo()
}

/** What is wrong after an attempt; empty when nothing is. */
const problems = async (directory: string, before: readonly string[], ended: unknown): Promise<string[]> => {
  const found: string[] = []
  // A rejection that nobody handles is reported after all microtasks.
  await delay(0)
  if (ended === 'hung') found.push('it hung')
  else if (ended !== undefined && !(ended instanceof Error && 'code' in ended))
    found.push(`an error without a code: ${inWords(ended)}`)
  const known = new Set(before)
  const left = (): string[] => descriptors().filter((each) => !known.has(each))
  if (!(await settled(() => left().length === 0 && readdirSync(directory).length === 0))) {
    if (left().length > 0) found.push(`descriptors are open: ${left().join(', ')}`)
    const files = readdirSync(directory)
    if (files.length > 0) found.push(`files are there: ${files.join(', ')}`)
    sweep(directory, files)
  }
  for (const each of escaped.splice(0)) found.push(`it escaped: ${inWords(each)}`)
  return found
}

/** Reports each result; it returns when a process that was tried so is no fair place for another. */
export const attemptAll = async (
  operation: Operation,
  directory: string,
  beginning: Beginning,
  report: (result: Result) => void,
): Promise<void> => {
  // What is loaded and opened once is not a leak.
  await outcome(directory, operation)
  const untouched = await outcome(directory, operation)
  await settled(() => readdirSync(directory).length === 0)
  sweep(directory, readdirSync(directory))
  escaped.length = 0
  if (untouched !== undefined) {
    const found = ['it fails without a fault']
    report({ call: 0, choice: 0, fired: undefined, ended: inWords(untouched), problems: found })
    return
  }
  let { call, choice } = beginning
  for (;;) {
    const before = descriptors()
    plan.arm(call, choice)
    const ended = await outcome(directory, operation)
    const { fired, choices } = plan
    plan.arm(0, 0)
    if (fired === undefined && choices === 0) return
    if (fired !== undefined) {
      const found = await problems(directory, before, ended)
      // The object may be spoilt; the place must not be: the same begins anew.
      const again = await outcome(directory, operation)
      if (again !== undefined) found.push(`afterwards it fails without a fault: ${inWords(again)}`)
      if (found.length === 0) found.push(...(await problems(directory, before, undefined)))
      report({ call, choice, fired, ended: ended === undefined ? 'works' : inWords(ended), problems: found })
    }
    // Something that hangs still holds what it has.
    if (ended === 'hung' || beginning.alone) return
    choice += 1
    if (choice >= choices) {
      call += 1
      choice = 0
    }
  }
}
