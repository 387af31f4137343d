/** The results as a table of Markdown. */
import type { Outcome } from './outcome.ts'

/** A row with what became of it in each column. */
export interface Result {
  readonly area: string
  readonly name: string
  readonly outcomes: readonly Outcome[]
}

export const WORDS: Readonly<Record<Outcome['verdict'], string>> = {
  works: 'works',
  refused: 'refused in words',
  fails: 'FAILS',
}

const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const verdictsOf = ({ outcomes }: Result): string[] => outcomes.map(({ verdict }) => WORDS[verdict])

/** In a table a name must not end its cell. */
const cellOf = (text: string): string => text.replaceAll('|', String.raw`\|`)

/** What is alike in an area is one line: its names, then what became of them in each column. */
export const tableOf = (columns: readonly string[], results: readonly Result[]): string => {
  const groups = new Map<
    string,
    { readonly area: string; readonly names: string[]; readonly verdicts: string[] }
  >()
  for (const result of results) {
    const verdicts = verdictsOf(result)
    const key = [result.area, ...verdicts].join('\n')
    const group = groups.get(key) ?? { area: result.area, names: [], verdicts }
    group.names.push(result.name)
    groups.set(key, group)
  }
  return [
    lineOf(['', ...columns]),
    lineOf(['-', ...columns.map(() => '-')]),
    ...[...groups.values()].map(({ area, names, verdicts }) =>
      lineOf([cellOf(`\`${area}\`: ${names.join('; ')}`), ...verdicts]),
    ),
  ].join('\n')
}

/** How many of an area work, and how many are refused in words. */
export const summaryOf = (columns: readonly string[], results: readonly Result[]): string => {
  const areas = new Map<string, Result[]>()
  for (const result of results) areas.set(result.area, [...(areas.get(result.area) ?? []), result])
  const cell = (of: readonly Result[], column: number): string => {
    const count = (verdict: Outcome['verdict']): number =>
      of.filter(({ outcomes }) => outcomes[column]!.verdict === verdict).length
    const [works, refused, fails] = [count('works'), count('refused'), count('fails')]
    if (works === of.length) return 'all work'
    return [`${works} work`, refused > 0 ? `${refused} refused` : '', fails > 0 ? `${fails} FAIL` : '']
      .filter(Boolean)
      .join(', ')
  }
  return [
    lineOf(['', 'cases', ...columns]),
    lineOf(['-', '-', ...columns.map(() => '-')]),
    ...[...areas].map(([area, of]) =>
      lineOf([`\`${area}\``, String(of.length), ...columns.map((_, index) => cell(of, index))]),
    ),
  ].join('\n')
}

/** What is refused, and by which words; once where all say the same. */
export const refusalsOf = (columns: readonly string[], results: readonly Result[]): string => {
  const said = new Map<string, Set<string>>()
  for (const { area, name, outcomes } of results)
    for (const [index, { verdict, detail }] of outcomes.entries()) {
      if (verdict !== 'refused') continue
      const text = detail.replaceAll(/\/dev\/fd\/\d+/g, '/dev/fd/N')
      said.set(text, (said.get(text) ?? new Set()).add(`${columns[index]}, \`${area}\`: ${name}`))
    }
  return [...said].map(([text, where]) => `- ${[...where].join('; ')}: \`${text}\``).join('\n')
}
