/** Help for a command that does not exist is an unknown command: commander prints the help of the parent, and exits with 0. */
import type { Command } from 'commander'

const isOption = (word: string): boolean => word.startsWith('-')

/** The first word that names a command, after `help` too; none where there are options alone. */
export const commandNamed = (args: readonly string[]): string | undefined => {
  const words = args.filter((each) => !isOption(each))
  return words[0] === 'help' ? words[1] : words[0]
}

/** Whether the help of every command is wanted: `help --all`. */
export const isHelpOfAll = (args: readonly string[]): boolean => {
  const words = args.filter((each) => !isOption(each))
  return words.length === 1 && words[0] === 'help' && args.includes('--all')
}

/** The words that name commands, up to and with the first that names none. */
const knownWords = (program: Command, words: readonly string[]): { path: string[]; unknown: boolean } => {
  const path: string[] = []
  let command = program
  for (const word of words) {
    if (command.commands.length === 0) break
    path.push(word)
    const found = command.commands.find((each) => each.name() === word || each.aliases().includes(word))
    if (!found) return { path, unknown: true }
    command = found
  }
  return { path, unknown: false }
}

/**
 * Rewrites `help NAME` and `NAME --help` where NAME names no command to `NAME` alone, for which commander has the error and a
 * suggestion; and `help A B` to `A B --help`, since commander's own `help` knows one level.
 */
export const rejectUnknownHelp = (program: Command, args: readonly string[]): readonly string[] => {
  const first = args.findIndex((each) => !isOption(each))
  if (first < 0) return args
  const options = args.slice(0, first)
  const rest = args.slice(first)
  const last = rest.findIndex(isOption)
  const words = last < 0 ? rest : rest.slice(0, last)
  const isHelp = words[0] === 'help'
  const named = isHelp ? words.slice(1) : words
  if (named.length === 0) return args
  const { path, unknown } = knownWords(program, named)
  if (unknown) return [...options, ...path]
  return isHelp ? [...options, ...path, '--help'] : args
}
