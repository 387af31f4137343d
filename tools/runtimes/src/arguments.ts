import { isRuntime, runtimes, type RuntimeName } from './runtimes.ts'

/** What the command line asks for. */
export interface Order {
  readonly runtimes: readonly RuntimeName[]
  /** A part of the names of areas or cases; '' for all. */
  readonly word: string
}

/**
 * Reads `[--runtime node|bun|deno]... [WORD]`.
 *
 * @throws TypeError for a runtime that is not in the matrix.
 */
export const readArguments = (args: readonly string[]): Order => {
  const asked: RuntimeName[] = []
  let word = ''
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index]!
    if (arg === '--') continue
    if (arg !== '--runtime') {
      word = arg
      continue
    }
    const name = args[(index += 1)] ?? ''
    if (!isRuntime(name))
      throw new TypeError(`There is no runtime "${name}" here: choose from ${runtimes.join(', ')}`)
    asked.push(name)
  }
  return { runtimes: asked.length > 0 ? asked : runtimes, word }
}
