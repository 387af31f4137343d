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
