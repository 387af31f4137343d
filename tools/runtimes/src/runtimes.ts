export const runtimes = ['node', 'bun', 'deno'] as const

/** Those that run when they are asked for: Bun's build for musl needs a compiler. */
const more = ['bun-musl'] as const

/** A runtime of the matrix. */
export type RuntimeName = (typeof runtimes)[number] | (typeof more)[number]

export const allRuntimes: readonly RuntimeName[] = [...runtimes, ...more]

export const isRuntime = (text: string): text is RuntimeName =>
  (allRuntimes as readonly string[]).includes(text)
