import { parseArgs } from 'node:util'

/** The majors of Node whose Windows builds are locked in this package's package.json, newest first. */
export const NODE_MAJORS: readonly string[] = ['24', '22']

/** One more, for its node:ffi, which is installed when it is asked for. */
export const NODE_WITH_FFI = '26'

/** What the command line asks for. */
export interface Order {
  /** The majors to run, in this order. */
  readonly majors: readonly string[]
  /** Prepare everything and run nothing. */
  readonly setupOnly: boolean
  /** How long one pass may take, in milliseconds. */
  readonly timeoutMs: number
  /** What is handed on to vitest. */
  readonly vitest: readonly string[]
}

const TIMEOUT_MS = 25 * 60_000

/**
 * Reads `[--node 22|24|26] [--setup-only] [--timeout <seconds>] [vitest arguments]`. UDS_NODE names majors, too,
 * divided by commas.
 *
 * @throws TypeError for a major that there is not, and for a timeout that is no number of seconds.
 */
export const readArguments = (args: readonly string[], env: NodeJS.ProcessEnv): Order => {
  const { values, tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      node: { type: 'string', multiple: true },
      'setup-only': { type: 'boolean' },
      timeout: { type: 'string' },
    },
  })
  const own = new Set<number>()
  for (const token of tokens) {
    if (token.kind !== 'option' || !['node', 'setup-only', 'timeout'].includes(token.name)) continue
    own.add(token.index)
    if (token.inlineValue === false) own.add(token.index + 1)
  }
  const asked = (values.node ?? env['UDS_NODE']?.split(',').filter(Boolean) ?? []).map(String)
  for (const major of asked) {
    if (![...NODE_MAJORS, NODE_WITH_FFI].includes(major)) {
      throw new TypeError(
        `There is no Windows build of Node ${major} here: choose from ${[NODE_WITH_FFI, ...NODE_MAJORS].join(', ')}`,
      )
    }
  }
  const timeoutMs = values.timeout === undefined ? TIMEOUT_MS : Number(values.timeout) * 1000
  if (!(timeoutMs > 0))
    throw new TypeError(`--timeout takes a number of seconds, not "${String(values.timeout)}"`)
  return {
    majors: asked.length > 0 ? asked : NODE_MAJORS,
    setupOnly: values['setup-only'] === true,
    timeoutMs,
    // The -- that divides our arguments from vitest's would make vitest take its options for file names.
    vitest: args.filter((arg, index) => arg !== '--' && !own.has(index)),
  }
}
