/** The names of this package. */
export { debianArchive } from './apt.ts'
export type { Archive } from './apt.ts'
export { cacheDir, fingerprint } from './cache.ts'
export { command } from './command.ts'
export type { CommandSettings } from './command.ts'
export { lock } from './lock.ts'
export { makeRoot } from './root.ts'
export type { RootPlan } from './root.ts'
