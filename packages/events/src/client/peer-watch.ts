/** watchPeers: who is connected to the server, and who comes and goes, over one connection after the other. */
import type { NameChange } from '../wire/name-change.ts'
import { failure } from '../errors/errors.ts'

/** The clients of a server that have names. */
export interface PeerChange extends NameChange {
  /** Every name that is connected now. */
  readonly present: readonly string[]
}

/** What a watch needs of its client. */
export interface WatchContext {
  /** A stream of the server's changes, for this connection. */
  changes(): AsyncIterable<unknown>
  /** True when there will be no connection any more. */
  ended(): boolean
  /** Resolves at the next connection, or at the end. */
  connected(): Promise<void>
}

const textsIn = (list: unknown): readonly string[] => {
  if (Array.isArray(list) && list.every((each) => typeof each === 'string')) return list
  throw failure('read', 'ERR_PROTOCOL', 'names that are no list of texts')
}

/** Yields what changed; what did while there was no connection comes as one change behind the next. */
export async function* watchPeers(context: WatchContext): AsyncGenerator<PeerChange, undefined, undefined> {
  let present = new Set<string>()
  let begun = false
  while (!context.ended()) {
    // The names of this connection: a server that was started again begins with none.
    let names = new Set<string>()
    try {
      for await (const item of context.changes()) {
        const told = JSON.parse(Buffer.from(item as Uint8Array).toString()) as Partial<NameChange>
        names = new Set([...names, ...textsIn(told.joined)])
        for (const name of textsIn(told.left)) names.delete(name)
        const joined = [...names].filter((name) => !present.has(name))
        const left = [...present].filter((name) => !names.has(name))
        present = new Set(names)
        if (!begun || joined.length > 0 || left.length > 0) yield { joined, left, present: [...present] }
        begun = true
      }
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (code !== 'ERR_DISCONNECTED' && code !== 'ERR_CLOSED') throw error
    }
    if (!context.ended()) await context.connected()
  }
}
