/** The work that a process of `builds.ts` was asked for: the arguments, and what it tells. */

const [role, build, work, counted, path] = process.argv.slice(2) as [
  'server' | 'client',
  string,
  string,
  string,
  string,
]
const [kind, given] = work.split(':') as [string, string | undefined]
const count = Number(counted)
const size = Number(given ?? 64)

export { build, count, kind, path, role, size }

export const tell = (what: string): void => void process.send?.(what)
export const go = new Promise((resolve) => process.once('message', resolve))
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
