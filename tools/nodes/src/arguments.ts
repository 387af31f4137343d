import { isMajor, majors, type Major } from './nodes.ts'

/** What the command line asks for. */
export interface Order {
  /** The majors to run, in this order. */
  readonly majors: readonly Major[]
  /** What is handed on to vitest. */
  readonly vitest: readonly string[]
}

/** Whose results depend on the engine: there is JSPI, or there is none. */
const PROJECTS = ['wasi-host', 'wasi-http', 'echo-wasi']

/**
 * Reads `[--node <major>]... [arguments of vitest]`. The oldest and the newest Node by default, and the packages that
 * depend on the engine.
 *
 * @throws TypeError for a major that the packages are not for.
 */
export const readArguments = (args: readonly string[]): Order => {
  const asked: Major[] = []
  const vitest: string[] = []
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index]!
    // What divides our arguments from vitest's would make vitest take its options for file names.
    if (arg === '--') continue
    const [option, inline] = arg.split('=', 2)
    if (option !== '--node') {
      vitest.push(arg)
      continue
    }
    const major = inline ?? args[(index += 1)] ?? ''
    if (!isMajor(major))
      throw new TypeError(`There is no Node "${major}" here: choose from ${majors.join(', ')}`)
    asked.push(major)
  }
  return {
    majors: asked.length > 0 ? asked : [majors[0]!, majors.at(-1)!],
    vitest: vitest.length > 0 ? vitest : PROJECTS.flatMap((each) => ['--project', each]),
  }
}
