/** What is measured: rows, and the groups that they are compared in. */

/** Which processor time counts: of the process that has more to do, of both, or of the server. */
export type Busy = 'busier' | 'both' | 'server'

/** How the two processes of a row say what they have done. */
export type Protocol =
  /** Lines on standard output: subjects/subject.ts. */
  | 'lines'
  /** Messages of Node to its parent: the workloads of @uds/events. */
  | 'messages'

/** One thing that is measured. */
export interface Row {
  readonly name: string
  readonly protocol: Protocol
  /** The program, without the arguments that say its part. */
  readonly command: readonly [string, ...string[]]
  readonly work: string
  readonly count: number
  /** What the count is a multiple of: the size of a burst, the clients of a broadcast. */
  readonly step: number
  /** Bytes of a message. */
  readonly size: number
  readonly variant: string
  /** The server starts the client by itself, or plays both parts. */
  readonly alone?: 'forks' | 'solo'
  /** Which of the two prints the result. */
  readonly teller: 'server' | 'client'
  /** True for this project's: measured in another build as well, with `--compare FOLDER`. */
  readonly ours?: boolean
  readonly target?: Target
}

/** What a row is to reach, in multiples of another row's pace. */
export interface Target {
  readonly least: number
  /** The other row; the first of the group where it is absent. */
  readonly of?: string
}

export interface Group {
  /** For `--only`. */
  readonly name: string
  readonly title: string
  /** One of what: a message, a round trip. */
  readonly unit: string
  readonly busy: Busy
  /** Which cores: both processes on one, each on its own, or as the scheduler likes. */
  readonly cores: 'one' | 'two' | 'any'
  /** What the targets are of. */
  readonly by: 'clock' | 'cpu'
  readonly rows: readonly Row[]
  /** False for what `--quick` leaves out. */
  readonly quick: boolean
}

/** One run of a row: nanoseconds (of an idle connection: KiB) for one unit. */
export interface Sample {
  readonly clock: number
  readonly cpu: number
  readonly lost?: number
}
