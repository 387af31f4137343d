/** What is shown of a container (https://docs.docker.com/reference/api/engine/, ContainerList). */
export interface Container {
  readonly Id: string
  readonly Image: string
  readonly Command: string
  readonly State: string
  readonly Status: string
  readonly Names: readonly string[]
}

const columns: readonly [title: string, cell: (container: Container) => string][] = [
  ['CONTAINER ID', ({ Id }) => Id.slice(0, 12)],
  ['IMAGE', ({ Image }) => Image],
  ['COMMAND', ({ Command }) => JSON.stringify(Command.length > 20 ? `${Command.slice(0, 19)}…` : Command)],
  ['STATUS', ({ Status }) => Status],
  ['NAMES', ({ Names }) => Names.map((name) => name.replace(/^\//, '')).join(',')],
]

/** The containers as lines of equal columns, with a head. */
export const table = (containers: readonly Container[]): string => {
  const rows = [
    columns.map(([title]) => title),
    ...containers.map((each) => columns.map(([, cell]) => cell(each))),
  ]
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}
