/** The command ls: the sockets and pipes of this machine, as a table. */
import { Command } from 'commander'
import { printable } from '../terminal/printable.ts'
import type { Context } from '../terminal/context.ts'
import type { Entry } from '../ls/entry.ts'

const columns = ({ state, type, user, processes, address }: Entry): string[] => [
  state,
  type,
  user ?? '?',
  processes.map(({ pid, command }) => `${command}[${pid}]`).join(' ') || '?',
  address ?? '-',
]

/** A run of spaces in a name could look like the next column. */
const cellText = (text: string): string =>
  printable(text).replace(/ {2,}/g, (spaces) => String.raw`\x20`.repeat(spaces.length))

const HEAD = ['state', 'type', 'user', 'process', 'address']

const table = (rows: readonly string[][]): string[] => {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** One row for the many connections that share the name of their listener. */
const key = (entry: Entry): string => columns(entry).join('\0')

/** uds ls: the sockets and pipes of this machine. */
export const lsCommand = (context: Context): Command =>
  new Command('ls')
    .addHelpText('after', '\nControl characters of names are shown as escapes, such as \\n and \\x1b.')
    .argument('[text]', 'only those whose address or process contains it')
    .option('-a, --all', 'connections and sockets without a name as well')
    .addHelpText('after', '\nExamples:\n  $ uds ls\n  $ uds ls docker\n  $ uds ls --json | jq -r .address')
    .action(async (text: string | undefined, { all = false }: { readonly all?: boolean }) => {
      const { listSockets } = await import('../ls/select.ts')
      const out = context.output()
      const entries = listSockets()
        .filter(({ address, state }) => all || (address !== undefined && state !== 'connected'))
        .filter(
          (entry) =>
            text === undefined ||
            columns(entry)
              .slice(3)
              .some((cell) => cell.includes(text)),
        )
      const unique = [...new Map(entries.map((entry) => [key(entry), entry])).values()]
      unique.sort((a, b) => (a.address ?? '~').localeCompare(b.address ?? '~'))
      if (out.json) for (const entry of unique) out.result('', entry)
      else if (unique.length === 0)
        out.note(`nothing that is open${text === undefined ? '' : ` has "${text}" in it`}`, {})
      else {
        const rows = unique.map((entry) => columns(entry).map(cellText))
        for (const line of table([HEAD, ...rows])) out.result(line, line)
      }
    })
