/** The JavaScript runtime: the one file that asks which it is. */

/** Node, or a runtime that offers the modules of Node. */
export interface Runtime {
  readonly name: 'node' | 'bun' | 'deno'
  /** Its own version; `process.versions.node` of Bun and Deno is the Node that they resemble. */
  readonly version: string
}

const find = (): Runtime => {
  const { bun, deno, node } = process.versions
  if (bun !== undefined) return { name: 'bun', version: bun }
  if (deno !== undefined) return { name: 'deno', version: deno }
  return { name: 'node', version: node }
}

export const runtime: Runtime = find()

const NAMES = { node: 'Node', bun: 'Bun', deno: 'Deno' } as const

/** As its makers write it. */
export const runtimeName: string = NAMES[runtime.name]
