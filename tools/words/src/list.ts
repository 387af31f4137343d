/** The words that this house does without, and what to write instead. */

export interface Entry {
  readonly word: RegExp
  readonly instead: string
}

const entry = (words: string, instead: string): Entry => ({
  word: new RegExp(`(?<![\\w#'-])(?:${words})(?![\\w'-])`, 'gi'),
  instead,
})

export const list: readonly Entry[] = [
  entry('gives?|gave|giving', 'returns, passes, provides, throws'),
  entry('given', 'passed, set, or the name of the option'),
  entry('tells?|told|telling', 'says, reports, returns, emits'),
  entry('somebody|someone', 'the caller, another process, another user'),
  entry('anybody|anyone', 'any process, any user'),
  entry('whoever', 'the process that, the user who'),
  entry('what comes|whatever comes', 'the bytes, the messages, the connections'),
  entry('utils?|helpers?', 'what the code does'),
]
