/** What clients said and what servers handled, and the check of both: lost, doubled, out of order. */

/** What the log of a client says of its message with this number. */
export interface Said {
  readonly client: string
  readonly number: number
  /** The promise of `send` resolved. */
  readonly acknowledged: boolean
  /** The journal had it: the tick in which it was sent was over. */
  readonly kept: boolean
  /** What `send` rejected with. */
  readonly failed: string | undefined
  /** The process that said it. */
  readonly life: string
}

/** A message that a handler got, in the order in which a server did. */
export interface Handled {
  readonly client: string
  readonly number: number
  readonly redelivered: boolean
  /** The process that handled it. */
  readonly life: string
}

/** What the layer promises in this trial. */
export interface Promises {
  /** `exactly`: never twice. `marked`: twice only where another server began it before, and then marked. */
  readonly once: 'exactly' | 'marked'
  /** What a journal kept is not lost, whether or not its sender lived to hear of it. */
  readonly keptIsHandled: boolean
  /** Every client lived to the end, so each of its messages is acknowledged. */
  readonly allAcknowledged: boolean
  /** In the order of numbers over all lives, or within one life of client and server. */
  readonly order: 'always' | 'in a life'
}

const key = ({ client, number }: { readonly client: string; readonly number: number }): string =>
  `${client}:${number}`

/** A list of at most five, and how many there are. */
export const listed = (what: string, which: readonly string[]): string[] =>
  which.length === 0
    ? []
    : [`${which.length} ${what}: ${which.slice(0, 5).join(', ')}${which.length > 5 ? ', ...' : ''}`]

const lost = (said: readonly Said[], handled: readonly Handled[], promises: Promises): string[] => {
  const there = new Set(handled.map(key))
  const missing = said.filter((each) => !there.has(key(each)))
  return [
    ...listed('lost although acknowledged', missing.filter(({ acknowledged }) => acknowledged).map(key)),
    ...(promises.keptIsHandled
      ? listed(
          'lost although kept by the journal',
          missing.filter(({ kept, acknowledged }) => kept && !acknowledged).map(key),
        )
      : []),
    ...(promises.allAcknowledged
      ? listed('not acknowledged', said.filter(({ acknowledged }) => !acknowledged).map(key))
      : []),
  ]
}

const doubled = (handled: readonly Handled[], { once }: Promises): string[] => {
  const lives = new Map<string, Set<string>>()
  const twice: string[] = []
  const unmarked: string[] = []
  for (const each of handled) {
    const before = lives.get(key(each))
    if (before === undefined) {
      lives.set(key(each), new Set([each.life]))
      continue
    }
    if (once === 'exactly' || before.has(each.life)) twice.push(key(each))
    else if (!each.redelivered) unmarked.push(key(each))
    before.add(each.life)
  }
  return [...listed('handled twice', twice), ...listed('handled again without a mark', unmarked)]
}

const disordered = (said: readonly Said[], handled: readonly Handled[], { order }: Promises): string[] => {
  const lifeOf = new Map(said.map((each) => [key(each), each.life]))
  const last = new Map<string, number>()
  const found: string[] = []
  for (const each of handled) {
    const stream = order === 'always' ? each.client : `${each.client} ${lifeOf.get(key(each))} ${each.life}`
    const before = last.get(stream) ?? 0
    if (each.number < before) found.push(`${key(each)} after ${before}`)
    last.set(stream, Math.max(before, each.number))
  }
  return listed('out of order', found)
}

/** What is wrong with a history; empty when nothing is. */
export const check = (said: readonly Said[], handled: readonly Handled[], promises: Promises): string[] => {
  const known = new Set(said.map(key))
  return [
    ...lost(said, handled, promises),
    ...doubled(handled, promises),
    ...disordered(said, handled, promises),
    ...listed('handled although nobody said it', handled.filter((each) => !known.has(key(each))).map(key)),
    ...listed(
      'refused',
      said.flatMap((each) => (each.failed === undefined ? [] : [`${key(each)} ${each.failed}`])),
    ),
  ]
}
