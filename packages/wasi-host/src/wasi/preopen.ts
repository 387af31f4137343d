/** Preopen: a directory of the host that a guest sees, and how all of them are opened. */
import { failureOf } from '../outcome/failure.ts'
import { OpenDirectory } from './files/open-directory.ts'

/** A directory of the host that a guest sees. */
export interface Preopen {
  readonly path: string
  /** Whatever would change it is `EROFS`. */
  readonly readOnly: boolean
}

/** By the path that the guest sees. */
export type Preopens = Readonly<Record<string, Preopen>>

/** A preopen that is open. */
export interface Preopened {
  readonly name: string
  readonly directory: OpenDirectory
}

/**
 * Opens all directories, or none.
 *
 * @throws Error that names the one that cannot be opened, with the code of the system.
 */
export const openPreopens = (preopens: Preopens): Preopened[] => {
  const opened: Preopened[] = []
  try {
    for (const [name, { path, readOnly }] of Object.entries(preopens))
      opened.push({ name, directory: preopened(name, path, readOnly) })
    return opened
  } catch (error) {
    for (const { directory } of opened) directory.close()
    throw error
  }
}

const preopened = (name: string, path: string, readOnly: boolean): OpenDirectory => {
  try {
    return OpenDirectory.preopened(path, readOnly)
  } catch (error) {
    const { code, detail } = failureOf(error)
    throw Object.assign(new Error(`preopens[${JSON.stringify(name)}]: ${detail}`, { cause: error }), { code })
  }
}
