/** Logs of actors: lines that are in the file when the process is killed, and what they say. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Handled, Said } from './history.ts'

/** Appends lines; the system has each when `write` returns. */
export class Log {
  readonly #fd: number

  constructor(path: string) {
    this.#fd = openSync(path, 'a')
  }

  write(line: string): void {
    writeSync(this.#fd, `${line}\n`)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

const linesOf = (path: string): string[][] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        // A killed process may have written half of the last one.
        .slice(0, -1)
        .map((line) => line.split(' '))
    : []

/** The highest number that the log of a client has; 0 for none. */
export const lastNumber = (path: string): number =>
  linesOf(path).reduce((most, [, number]) => Math.max(most, Number(number)), 0)

/** Lines of a client: `s NUMBER LIFE` said, `k NUMBER` kept, `a NUMBER` acknowledged, `f NUMBER CODE` failed. */
export const readSaid = (path: string, client: string): Said[] => {
  const all = new Map<number, Said>()
  const change = (number: number, what: Partial<Said>): void => {
    const before = all.get(number)
    if (before !== undefined) all.set(number, { ...before, ...what })
  }
  for (const [what, text, more = ''] of linesOf(path)) {
    const number = Number(text)
    if (what === 's')
      all.set(number, { client, number, acknowledged: false, kept: false, failed: undefined, life: more })
    else if (what === 'k') change(number, { kept: true })
    else if (what === 'a') change(number, { acknowledged: true })
    // A client that closes says so of what the journal keeps.
    else if (what === 'f') change(number, { failed: more })
  }
  return [...all.values()]
}

/** Lines of a server: `CLIENT NUMBER REDELIVERED LIFE`. */
export const readHandled = (path: string): Handled[] =>
  linesOf(path).map(([client = '', number, redelivered, life = '']) => ({
    client,
    number: Number(number),
    redelivered: redelivered === '1',
    life,
  }))

/** What the handlers of a server with a journal wrote in its transactions. */
export const readEffects = (journal: string): Handled[] => {
  const database = new DatabaseSync(journal, { readOnly: true })
  try {
    return database
      .prepare('SELECT client, number, redelivered, life FROM effects ORDER BY id')
      .all()
      .map(({ client, number, redelivered, life }) => ({
        client: String(client),
        number: Number(number),
        redelivered: redelivered === 1,
        life: String(life),
      }))
  } finally {
    database.close()
  }
}
