/** The prose of a file: the comments of a source, the text of a Markdown page outside its code. */

/** A piece of prose and the line, counted from 1, at which it stands. */
export interface Line {
  readonly number: number
  readonly text: string
}

const numbered = (text: string): Line[] =>
  text.split('\n').map((line, at) => ({ number: at + 1, text: line }))

/** Everything but line breaks becomes spaces, so that line numbers stay. */
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

/** Strings come first in the alternatives, so that what looks like a comment inside one is none. */
const TOKEN =
  /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*|\n|[^'"`/\n]+|\//g

const isComment = (token: string): boolean => token.startsWith('/*') || token.startsWith('//')

/** The comments of TypeScript, without the code of their examples and without names in backticks. */
export const comments = (source: string): Line[] =>
  numbered(
    (source.match(TOKEN) ?? [])
      .map((token) => (isComment(token) ? withoutCode(token) : blank(token)))
      .join(''),
  ).filter(({ text }) => text.trim() !== '')

/** Markdown without code, links' addresses, and the comments that mark generated parts. */
export const withoutCode = (text: string): string =>
  text
    .replace(/```[\s\S]*?```/g, blank)
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/`[^`\n]*`/g, blank)
    .replace(/\]\([^)\s]*\)/g, blank)
    .replace(/https?:\/\/\S+/g, blank)

export const markdown = (text: string): Line[] => numbered(withoutCode(text))
