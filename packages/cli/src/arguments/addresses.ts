/** Arguments that are addresses. They are read when a command runs, since what reads them takes long to load. */
import { Argument, type Command } from 'commander'

type BareWord = 'error' | 'name'

const kinds = new WeakMap<Argument, BareWord>()

const argumentOf = (name: string, description: string, bareWord: BareWord): Argument => {
  const argument = new Argument(name, description)
  kinds.set(argument, bareWord)
  return argument
}

/** An argument that is an address of `@uds/stream`, but not memory:. */
export const addressArgument = (name: string, description: string): Argument =>
  argumentOf(name, description, 'error')

/** An argument that is an address, or the name of an event channel. */
export const channelArgument = (name: string, description: string): Argument =>
  argumentOf(name, description, 'name')

/** What is wrong with an address, in words; undefined for one that is right. */
const mistakeIn = async (text: string, bareWord: BareWord): Promise<string | undefined> => {
  const { parseAddress } = await import('@uds/stream')
  try {
    const { scheme } = parseAddress(text, { bareWord, where: 'uds' })
    return scheme === 'memory'
      ? 'memory: reaches only this process, which has no other end there.'
      : undefined
  } catch (error) {
    return (error as Error).message.replace(/^uds: /, '')
  }
}

/** Ends the command with a usage error when one of its addresses is none. */
export const checkAddresses = async (command: Command): Promise<void> => {
  for (const [index, argument] of command.registeredArguments.entries()) {
    const bareWord = kinds.get(argument)
    const text = command.args[index]
    if (bareWord === undefined || text === undefined) continue
    const mistake = await mistakeIn(text, bareWord)
    // The form in which commander reports an argument.
    if (mistake !== undefined)
      command.error(`error: <${argument.name()}>: ${mistake}`, { code: 'commander.invalidArgument' })
  }
}
