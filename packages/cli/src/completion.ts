/** uds completion: what a shell needs to complete commands and options, read from the parsers of all commands. */
import { Command } from 'commander'
import type { Wanted } from './commands/table.ts'

const NAME = 'completion'
/** What the script of a shell asks at each Tab. */
const ASKED = 'complete'

const SUMMARY = 'Print what makes a shell complete commands and options: bash, zsh, fish or powershell.'

const EXAMPLES = `
Examples:
  $ uds completion bash > ~/.local/share/bash-completion/completions/uds
  $ uds completion zsh > "\${fpath[1]}/_uds"
  $ uds completion fish > ~/.config/fish/completions/uds.fish`

/** Whether a command needs all others, to complete them. */
export const isCompletion = (command: string | undefined): boolean => command === NAME || command === ASKED

/** Adds the command, and the one that the shell calls. */
export const addCompletion = async (program: Command, wanted: Wanted): Promise<void> => {
  if (wanted !== 'all') {
    program.addCommand(new Command(NAME).description(SUMMARY))
    return
  }
  const { default: tab } = await import('@bomb.sh/tab/commander')
  tab(program, { completionCommandName: NAME })
  const added = program.commands.find((each) => each.name() === NAME)
  added?.description(SUMMARY).addHelpText('after', EXAMPLES)
}
