/** The receiver's journal: the highest number that was handled, for each session, beside the effects of the handlers. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { DeferError } from '../errors/errors.ts'
import { isThenable } from '../handlers/listeners.ts'
import { journalError, type JournalOptions, type OpenDatabase, openDatabase, rememberMs } from './database.ts'

/** What a journal knows of a session. */
export interface KeptSession {
  /** The highest number that was handled. */
  readonly highest: number
  /** Numbers below it that were put off. */
  readonly deferred: readonly number[]
  /** Who began it. */
  readonly owner: string | undefined
}

/**
 * Runs a handler in the transaction that its number is part of; when it fails, nothing of it is kept but that it put the
 * message off (`DeferError`): then the same number is new when it comes again.
 */
export interface Inbox {
  run(seq: number, work: (transaction: unknown) => unknown): Promise<void> | undefined
}

/** Sessions that are kept at most; those that were silent the longest go. */
const MOST_SESSIONS = 100_000
/** So many sessions may be new before old ones are looked for again. */
const NEW_SESSIONS = 1000
/** So many messages of other servers may come before old ones are looked for again. */
const NEW_MESSAGES = 10_000

const createTable = (database: DatabaseSync): void => {
  database.exec(
    'CREATE TABLE IF NOT EXISTS uds_handled (session TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, owner TEXT) STRICT',
  )
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all('uds_handled')
  if (!columns.some(({ name }) => name === 'owner'))
    database.exec('ALTER TABLE uds_handled ADD COLUMN owner TEXT')
  database.exec(
    'CREATE TABLE IF NOT EXISTS uds_messages (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  )
  database.exec(
    'CREATE TABLE IF NOT EXISTS uds_deferred (session TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (session, seq)) STRICT, WITHOUT ROWID',
  )
}

/** One message at a time is handled; its effect and its number are committed together. */
export class HandledJournal {
  readonly #open: OpenDatabase
  readonly #rememberMs: number
  readonly #select: StatementSync
  readonly #update: StatementSync
  readonly #selectDeferred: StatementSync
  readonly #insertDeferred: StatementSync
  readonly #deleteDeferred: StatementSync
  readonly #selectMessage: StatementSync
  readonly #insertMessage: StatementSync
  /** Some message was put off since this journal was opened, or before. */
  #hasDeferred = false
  #tail: Promise<void> | undefined
  #newSessions = 0
  #newMessages = 0

  constructor(options: JournalOptions) {
    this.#open = openDatabase(options, createTable)
    this.#rememberMs = rememberMs('listen', options)
    const { database } = this.#open
    this.#select = database.prepare('SELECT seq, owner FROM uds_handled WHERE session = ?')
    this.#update = database.prepare(
      'INSERT INTO uds_handled (session, seq, at, owner) VALUES (?, ?, ?, ?) ON CONFLICT (session) DO UPDATE SET seq = max(seq, excluded.seq), at = excluded.at',
    )
    this.#selectDeferred = database.prepare('SELECT seq FROM uds_deferred WHERE session = ?')
    this.#insertDeferred = database.prepare('INSERT OR IGNORE INTO uds_deferred VALUES (?, ?)')
    this.#deleteDeferred = database.prepare('DELETE FROM uds_deferred WHERE session = ? AND seq = ?')
    this.#selectMessage = database.prepare('SELECT 1 FROM uds_messages WHERE id = ?')
    this.#insertMessage = database.prepare('INSERT INTO uds_messages VALUES (?, ?)')
    this.#forgetOld()
    this.#hasDeferred = database.prepare('SELECT 1 FROM uds_deferred LIMIT 1').get() !== undefined
  }

  /** What is known of a session; undefined for a new one. */
  find(session: string): KeptSession | undefined {
    const row = this.#select.get(session)
    if (row === undefined) return undefined
    const deferred = this.#selectDeferred.all(session).map(({ seq }) => Number(seq))
    const owner = row['owner'] === null ? undefined : String(row['owner'])
    return { highest: Number(row['seq']), deferred, owner }
  }

  /** Forgets sessions that sent nothing for so long, and the most silent of too many. */
  #forgetOld(): void {
    const { database, path } = this.#open
    try {
      if (this.#rememberMs !== Infinity) {
        const oldest = Date.now() - this.#rememberMs
        database.prepare('DELETE FROM uds_handled WHERE at < ?').run(oldest)
        database.prepare('DELETE FROM uds_messages WHERE at < ?').run(oldest)
      }
      database
        .prepare(
          'DELETE FROM uds_handled WHERE session IN (SELECT session FROM uds_handled ORDER BY at DESC LIMIT -1 OFFSET ?)',
        )
        .run(MOST_SESSIONS)
      database.exec('DELETE FROM uds_deferred WHERE session NOT IN (SELECT session FROM uds_handled)')
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

  /**
   * Runs a handler of a message that came by way of another server, in the transaction that its id is part of. Of a message
   * that was handled before nothing is run.
   */
  once(id: string, work: (transaction: unknown) => unknown): Promise<void> | undefined {
    if (++this.#newMessages % NEW_MESSAGES === 0) this.#forgetOld()
    const run = (): Promise<void> | undefined => {
      if (this.#selectMessage.get(id) !== undefined) return undefined
      return this.#inTransaction(
        work,
        () => void this.#insertMessage.run(id, Date.now()),
        () => {},
      )
    }
    if (this.#tail !== undefined) return this.#behind(run)
    const running = run()
    return running === undefined ? undefined : this.#hold(running)
  }

  /** Keeps that a message was put off, or that it is not any more. */
  #keepDeferral(session: string, owner: string, seq: number, deferred: boolean): void {
    const { database, path } = this.#open
    this.#hasDeferred ||= deferred
    try {
      database.exec('BEGIN IMMEDIATE')
      if (deferred) {
        this.#insertDeferred.run(session, seq)
        this.#update.run(session, seq, Date.now(), owner)
      } else this.#deleteDeferred.run(session, seq)
      database.exec('COMMIT')
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
      throw journalError(path, error)
    }
  }

  #transact(
    session: string,
    owner: string,
    seq: number,
    work: (transaction: DatabaseSync) => unknown,
  ): Promise<void> | undefined {
    return this.#inTransaction(
      work,
      () => {
        this.#update.run(session, seq, Date.now(), owner)
        if (this.#hasDeferred) this.#deleteDeferred.run(session, seq)
      },
      (error) => {
        const deferred = error instanceof DeferError
        if (deferred || this.#hasDeferred) this.#keepDeferral(session, owner, seq, deferred)
      },
    )
  }

  /**
   * @param keep - writes what is committed beside the effect
   * @param undone - called when the effect was rolled back
   */
  #inTransaction(
    work: (transaction: DatabaseSync) => unknown,
    keep: () => void,
    undone: (error: unknown) => void,
  ): Promise<void> | undefined {
    const { database, path } = this.#open
    const undo = (): void => {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
    }
    const commit = (): void => {
      try {
        keep()
        database.exec('COMMIT')
      } catch (error) {
        undo()
        throw journalError(path, error)
      }
    }
    const failed = (error: unknown): never => {
      undo()
      if (database.isOpen) undone(error)
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
