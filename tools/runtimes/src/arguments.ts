import { allRuntimes, isRuntime, runtimes, type RuntimeName } from './runtimes.ts'

/** What the command line asks for. */
export interface Order {
  readonly runtimes: readonly RuntimeName[]
  /** A part of the names of areas or cases; '' for all. */
  readonly word: string
  /** A selection that takes a minute. */
  readonly short: boolean
  /** node:ffi, bun:ffi and Deno.dlopen make the calls in the place of koffi. */
  readonly ownFfi: boolean
  /** Writes the results into the pages that show them. */
  readonly write: boolean
}

/**
 * Reads `[--runtime node|bun|deno|bun-musl]... [--short] [--own-ffi] [--write] [WORD]`.
 *
 * @throws TypeError for a runtime that is not in the matrix, an unknown option, and `--write` with a part of the matrix.
 */
export const readArguments = (args: readonly string[]): Order => {
  const asked: RuntimeName[] = []
  const flags = { '--short': false, '--own-ffi': false, '--write': false }
  let word = ''
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index]!
    if (arg === '--') continue
    if (Object.hasOwn(flags, arg)) {
      flags[arg as keyof typeof flags] = true
      continue
    }
    if (arg !== '--runtime') {
      if (arg.startsWith('-')) throw new TypeError(`There is no option ${arg} here`)
      word = arg
      continue
    }
    const name = args[(index += 1)] ?? ''
    if (!isRuntime(name))
      throw new TypeError(`There is no runtime "${name}" here: choose from ${allRuntimes.join(', ')}`)
    asked.push(name)
  }
  const order = {
    runtimes: asked.length > 0 ? asked : runtimes,
    word,
    short: flags['--short'],
    ownFfi: flags['--own-ffi'],
    write: flags['--write'],
  }
  if (order.write && (asked.length > 0 || word !== '' || order.short || order.ownFfi))
    throw new TypeError('--write is for the whole matrix: give nothing beside it')
  return order
}
