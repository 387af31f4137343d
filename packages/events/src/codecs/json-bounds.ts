/** passedBound: how deep, and how many, the values of JSON text are, without parsing it. No Node in here. */

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
/** From this character on there are brackets: `[`, `]`, `{` and `}` come behind `Z`. */
const LAST_LETTER = 0x5a
/** What `[` and `{`, and `]` and `}`, have in common with this bit set: they differ in it alone. */
const CASE = 0x20
const OPENING = 0x7b
const CLOSING = 0x7d

/** Characters of a list or object without others inside that {@link isShallow} reads. */
const LEAF = 64
/** Characters of a string that are read one by one before its end is searched for, which costs as much as some 20. */
const SHORT_STRING = 32

/** A bound that JSON text goes beyond. */
export type PassedBound = 'depth' | 'values'

/** Which bound the text goes beyond, if any; the depth, where both are. Text that is no JSON may pass. */
export const passedBound = (text: string, maxDepth: number, maxValues: number): PassedBound | undefined => {
  // Each level of JSON costs two brackets, and each value two characters, so most texts are too short for either.
  if (text.length <= maxDepth * 2 && text.length <= maxValues * 2) return undefined
  // No character is more than one value.
  if (text.length < maxValues && isShallow(text, maxDepth)) return undefined
  return scan(text, maxDepth, maxValues)
}

const indexOf = (text: string, bracket: string, from: number): number => {
  const at = text.indexOf(bracket, from)
  return at < 0 ? Infinity : at
}

/**
 * True when the text surely is not nested deeper; false: only {@link scan} knows. Most characters are never read.
 *
 * Depth is the number of brackets that were opened and not closed, and that has a bound which does not ask what is
 * inside of strings: every opening bracket, real or not. Two kinds of pairs need not be counted, as both brackets of a
 * pair are real, or both inside of a string: `},{`, which closes before it opens, and a leaf (`[1,"a"]`), which is one
 * level at most. No bracket may belong to two pairs.
 */
const isShallow = (text: string, maxDepth: number): boolean => {
  // The level of a leaf.
  let levels = 1
  let leafEnd = -1
  let curly = indexOf(text, '{', 0)
  let square = indexOf(text, '[', 0)
  for (;;) {
    const at = Math.min(curly, square)
    if (at === Infinity) return true
    if (at === curly) curly = indexOf(text, '{', at + 1)
    else square = indexOf(text, '[', at + 1)
    const before = text.charCodeAt(at - 1)
    if (before === COMMA) {
      if (at - 2 !== leafEnd && (text.charCodeAt(at - 2) | CASE) === CLOSING) continue
    } else if (before === COLON) {
      const end = endOfLeaf(text, at + 1)
      if (end > 0) {
        leafEnd = end
        continue
      }
    }
    if (++levels > maxDepth) return false
  }
}

/**
 * Where the list or object ends that begins before `start`; -1 when it is long, has another inside, or cannot be known. An
 * even number of quotes, none of them escaped, lies between brackets that are both inside of a string, or both not.
 */
const endOfLeaf = (text: string, start: number): number => {
  const stop = Math.min(text.length, start + LEAF)
  let quotes = 0
  for (let at = start; at < stop; at++) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) quotes++
    else if (unit > LAST_LETTER) {
      if (unit === BACKSLASH || (unit | CASE) === OPENING) return -1
      if ((unit | CASE) === CLOSING) return quotes % 2 === 0 ? at : -1
    }
  }
  return -1
}

/** Reads the whole text, outside of strings character by character. */
const scan = (text: string, maxDepth: number, maxValues: number): PassedBound | undefined => {
  let depth = 0
  let values = 1
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) at = endOfString(text, at + 1)
    else if (unit === COMMA) values++
    else if (unit > LAST_LETTER) {
      if ((unit | CASE) === OPENING) {
        values++
        if (++depth > maxDepth) return 'depth'
      } else if ((unit | CASE) === CLOSING) depth--
    }
  }
  return values > maxValues ? 'values' : undefined
}

/** Where the quote is that ends a string; the length of the text where none does. */
const endOfString = (text: string, start: number): number => {
  let search = start + SHORT_STRING
  for (let at = start; at < text.length; at++) {
    if (at >= search) {
      at = text.indexOf('"', at)
      if (at < 0) return text.length
      if (!isEscaped(text, at)) return at
      search = at + SHORT_STRING
      continue
    }
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) return at
    if (unit === BACKSLASH) at++
  }
  return text.length
}

/** An odd number of backslashes stands before it. */
const isEscaped = (text: string, at: number): boolean => {
  let first = at
  while (text.charCodeAt(first - 1) === BACKSLASH) first--
  return (at - first) % 2 === 1
}
