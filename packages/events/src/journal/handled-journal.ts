/** The receiver's journal: the highest number that was handled, for each session, beside the effects of the handlers. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { isThenable } from '../handlers/listeners.ts'
import { journalError, type OpenDatabase, openDatabase } from './database.ts'

/** Runs a handler in the transaction that its number is part of; when it fails, nothing of it is kept. */
export interface Inbox {
  run(seq: number, work: (transaction: unknown) => unknown): Promise<void> | undefined
}

/** Sessions that are kept at most; those that were silent the longest go. */
const MOST_SESSIONS = 100_000
/** So many sessions may be new before old ones are looked for again. */
const NEW_SESSIONS = 1000

const createTable = (database: DatabaseSync): void => {
  database.exec(
    'CREATE TABLE IF NOT EXISTS uds_handled (session TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, owner TEXT) STRICT',
  )
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all('uds_handled')
  if (columns.some(({ name }) => name === 'owner')) return
  database.exec('ALTER TABLE uds_handled ADD COLUMN owner TEXT')
}

/** One message at a time is handled; its effect and its number are committed together. */
export class HandledJournal {
  readonly #open: OpenDatabase
  readonly #rememberMs: number
  readonly #select: StatementSync
  readonly #update: StatementSync
  #tail: Promise<void> | undefined
  #newSessions = 0

  constructor(path: string, rememberMs: number) {
    this.#open = openDatabase(path, createTable)
    this.#rememberMs = rememberMs
    const { database } = this.#open
    this.#select = database.prepare('SELECT seq, owner FROM uds_handled WHERE session = ?')
    this.#update = database.prepare(
      'INSERT INTO uds_handled (session, seq, at, owner) VALUES (?, ?, ?, ?) ON CONFLICT (session) DO UPDATE SET seq = max(seq, excluded.seq), at = excluded.at',
    )
    this.#forgetOld()
  }

  /** What is known of a session: the highest number that was handled, and who began it; undefined for a new one. */
  find(session: string): { readonly highest: number; readonly owner: string | undefined } | undefined {
    const row = this.#select.get(session)
    if (row === undefined) return undefined
    return { highest: Number(row['seq']), owner: row['owner'] === null ? undefined : String(row['owner']) }
  }

  /** Forgets sessions that sent nothing for so long, and the most silent of too many. */
  #forgetOld(): void {
    const { database, path } = this.#open
    try {
      if (this.#rememberMs !== Infinity)
        database.prepare('DELETE FROM uds_handled WHERE at < ?').run(Date.now() - this.#rememberMs)
      database
        .prepare(
          'DELETE FROM uds_handled WHERE session IN (SELECT session FROM uds_handled ORDER BY at DESC LIMIT -1 OFFSET ?)',
        )
        .run(MOST_SESSIONS)
    } catch (error) {
      this.close()
      throw journalError(path, error)
    }
  }

  /** The inbox of one session, which belongs to this owner. */
  inboxOf(session: string, owner: string): Inbox {
    if (this.find(session) === undefined && ++this.#newSessions % NEW_SESSIONS === 0) this.#forgetOld()
    return {
      run: (seq, work) => {
        if (this.#tail !== undefined) return this.#behind(() => this.#transact(session, owner, seq, work))
        const running = this.#transact(session, owner, seq, work)
        return running === undefined ? undefined : this.#hold(running)
      },
    }
  }

  #transact(
    session: string,
    owner: string,
    seq: number,
    work: (transaction: DatabaseSync) => unknown,
  ): Promise<void> | undefined {
    const { database, path } = this.#open
    const undo = (): void => {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
    }
    const commit = (): void => {
      try {
        this.#update.run(session, seq, Date.now(), owner)
        database.exec('COMMIT')
      } catch (error) {
        undo()
        throw journalError(path, error)
      }
    }
    const failed = (error: unknown): never => {
      undo()
      throw error
    }
    try {
      database.exec('BEGIN IMMEDIATE')
    } catch (error) {
      throw journalError(path, error)
    }
    let result: unknown
    try {
      result = work(database)
    } catch (error) {
      return failed(error)
    }
    if (isThenable(result)) return Promise.resolve(result).then(commit, failed)
    commit()
    return undefined
  }

  #behind(work: () => Promise<void> | undefined): Promise<void> {
    return this.#hold((this.#tail as Promise<void>).then(work))
  }

  /** A message that arrives while a handler runs waits for its end. */
  #hold(running: Promise<void>): Promise<void> {
    const tail = running.then(noop, noop)
    this.#tail = tail
    void tail.finally(() => {
      if (this.#tail === tail) this.#tail = undefined
    })
    return running
  }

  close(): void {
    this.#open.close()
  }
}

const noop = (): void => {}
