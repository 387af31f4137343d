export const runtimes = ['node', 'bun', 'deno'] as const

/** A runtime of the matrix. */
export type RuntimeName = (typeof runtimes)[number]

export const isRuntime = (text: string): text is RuntimeName => (runtimes as readonly string[]).includes(text)
