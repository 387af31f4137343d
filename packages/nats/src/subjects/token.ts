/** escapeToken, unescapeToken: any text as one token of a subject, and back. */

/** What stands in a token as it is. */
const PLAIN = /^[A-Za-z0-9_-]+$/
const NOT_PLAIN = /[^A-Za-z0-9_-]/gu

/** Escaped before; names are few, and said often. */
const known = new Map<string, string>()
const MOST_KNOWN = 10_000

const escaped = (text: string): string =>
  text.replace(NOT_PLAIN, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )

/**
 * One token of a subject: what is not `A-Z a-z 0-9 _ -` becomes `=HH` for each byte of its UTF-8. Dots, spaces and the
 * wildcards of subjects are thus never in it; the empty text is `=`.
 */
export const escapeToken = (text: string): string => {
  if (PLAIN.test(text)) return text
  const before = known.get(text)
  if (before !== undefined) return before
  const token = text === '' ? '=' : escaped(text)
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(text, token)
  return token
}

const ESCAPE = /(?:=[0-9A-F]{2})+/g

/** The text of a token; undefined for one that {@link escapeToken} does not write. */
export const unescapeToken = (token: string): string | undefined => {
  if (PLAIN.test(token)) return token
  if (token === '=') return ''
  const text = token.replace(ESCAPE, (run) => Buffer.from(run.replaceAll('=', ''), 'hex').toString())
  return escapeToken(text) === token ? text : undefined
}
