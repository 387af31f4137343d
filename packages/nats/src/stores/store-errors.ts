/** isFull, isForGood: why a message was not stored. */

/** The words of a server whose store, account or disk takes no more; the codes differ between versions. */
const FULL = /maximum (?:bytes|messages)|exceeded|insufficient|no space|resource limits/i

/** The store takes no more. */
export const isFull = (error: unknown): boolean => {
  const { name, message } = error as Error
  return name === 'JetStreamApiError' && FULL.test(message)
}

/** The message itself is refused: trying again is of no use. */
export const isForGood = (error: unknown): boolean => {
  const { name, message } = error as Error
  return name === 'JetStreamApiError' && /message size|payload/i.test(message)
}
