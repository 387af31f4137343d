/** find: words of the list in one file, and sources that do not begin with what is inside. */
import { list } from './list.ts'
import { comments, markdown } from './prose.ts'

/** A word that should be another, and where it stands. */
export interface Found {
  readonly line: number
  readonly word: string
  readonly instead: string
}

/** The words of the list in one file, in the order in which they stand. */
export const find = (file: string, text: string): Found[] =>
  (file.endsWith('.md') ? markdown(text) : comments(text)).flatMap(({ number, text: line }) =>
    list.flatMap(({ word, instead }) =>
      [...line.matchAll(word)].map(([found]) => ({ line: number, word: found, instead })),
    ),
  )

/** Whether a source of a package lacks its first line: a comment that says what is inside. */
export const lacksHeader = (file: string, text: string): boolean =>
  /^packages\/[^/]+\/src\/.*\.ts$/.test(file) && !text.startsWith('/**') && !text.startsWith('#!')
