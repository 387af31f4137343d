/** The rows of the matrix: every case, every parent and child, every pair of server and client. */
import { areas } from './cases/index.ts'
import type { Outcome } from './outcome.ts'
import { childEnds } from './pairs/child-ends.ts'
import { conversations } from './pairs/conversations.ts'
import type { Program } from './programs.ts'
import { runCase, runChild, runPair } from './run-case.ts'

/** What is tried, once for each column. */
export interface Row {
  readonly area: string
  readonly name: string
  try(program: Program): Promise<Outcome>
}

/** The columns: the runtime of the case, of the child, or of the client. */
export type Columns = readonly (readonly [string, Program])[]

export const rowsOf = (columns: Columns): Row[] => [
  ...Object.entries(areas).flatMap(([area, cases]) =>
    Object.keys(cases).map((name) => ({
      area,
      name,
      try: (program: Program) => runCase(program, area, name),
    })),
  ),
  ...Object.keys(childEnds).flatMap((end) =>
    columns.map(([name, parent]) => ({
      area: 'child process',
      name: `of ${name}, which ${end}`,
      try: (program: Program) => runChild(parent, program, end),
    })),
  ),
  ...Object.keys(conversations).flatMap((kind) =>
    columns.map(([name, server]) => ({
      area: 'client',
      name: `of ${kind} in ${name}`,
      try: (program: Program) => runPair(server, program, kind),
    })),
  ),
]

/** What stands for all of it where there is a minute only: where runtimes differ, and one of each layer. */
export const SHORT: readonly string[] = [
  'winsock-ffi: sendMessage with a descriptor',
  'winsock-ffi: watch, as it chooses',
  'winsock-ffi: adopt',
  'pipes: a stream in a thread',
  "stream: connect('fd:N')",
  "stream: listen('fd:N')",
  'stream: a busy server is kept',
  'stream: TLS',
  'stream: compliance, unix:',
  'stream, other doors: agent and serve',
  'stream, other doors: fetch with a dispatcher',
  'stream, other doors: /datagram',
  'stream, other doors: handles: a net.Socket',
  'events: reconnect',
  'events: Linker, with the offer to upgrade',
  'wasi-host: a guest, auto',
  'wasi-host, files: auto',
  'cli: uds doctor',
  'child process: of bun, which closes its client',
  'child process: of deno, which is killed',
  'client: of events in bun',
  'client: of pipes in deno',
]

export const titleOf = ({ area, name }: Pick<Row, 'area' | 'name'>): string => `${area}: ${name}`
