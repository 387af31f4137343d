/** nearestName, suggestedName: the known name that a misspelt one was probably to be. */

/** A shorter beginning of a name is too common to mean it. */
const SHORTEST_BEGINNING = 3

/** The number of edits between two texts (optimal string alignment). */
const editsBetween = (a: string, b: string): number => {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min(row[j]! + 1, next[j - 1]! + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, before[j - 2]! + 1)
      next.push(edits)
    }
    before = row
    row = next
  }
  return row[b.length]!
}

/**
 * The known name with the fewest edits. Large and small letters count as the same; in a short name fewer edits do.
 *
 * @param most - Letters added, left out or replaced, and pairs swapped, that still look like a slip.
 */
export const nearestName = (name: string, known: readonly string[], most: number): string | undefined => {
  const text = name.toLowerCase()
  let nearest: string | undefined
  let fewest = Math.min(most, Math.floor(text.length / 3)) + 1
  for (const each of known) {
    const edits = editsBetween(text, each.toLowerCase())
    if (edits >= fewest) continue
    fewest = edits
    nearest = each
  }
  return nearest
}

/** For messages: the nearest name, or one that begins with this one. */
export const suggestedName = (name: string, known: readonly string[]): string | undefined => {
  const text = name.toLowerCase()
  const longer = text.length < SHORTEST_BEGINNING ? undefined : text
  return (
    nearestName(name, known, 2) ?? (longer && known.find((each) => each.toLowerCase().startsWith(longer)))
  )
}
