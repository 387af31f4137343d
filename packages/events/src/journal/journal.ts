import type * as Sqlite from 'node:sqlite'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { checkOptions, invalidArgument } from '@uds/winsock-ffi'
import { failure } from '../errors.ts'
import type { Encoded } from '../wire/frame.ts'
import { isThenable } from '../handlers/listeners.ts'

/** Where a journal is kept. It takes an engine with `node:sqlite` (Node.js 22.13 or later); else `ENOTSUP`. */
export interface JournalOptions {
  /** The file of the database; it is created. One process at a time. */
  readonly path: string
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` */
export const checkJournal = (where: string, options: JournalOptions | undefined): void => {
  checkOptions(options, where, ['path'], 'journal.')
  if (options !== undefined && (typeof options.path !== 'string' || options.path === ''))
    throw invalidArgument(where, 'journal.path', 'the path of a file', options.path)
}

const openDatabase = (path: string): DatabaseSync => {
  // Asked for like this, an engine without it returns undefined instead of failing to load this file.
  // https://nodejs.org/api/process.html#processgetbuiltinmoduleid
  const sqlite = process.getBuiltinModule('node:sqlite') as typeof Sqlite | undefined
  if (sqlite === undefined) {
    throw failure('journal', 'ENOTSUP', 'a journal needs an engine with node:sqlite (Node.js 22.13 or later)')
  }
  const database = new sqlite.DatabaseSync(path)
  // A write-ahead log with NORMAL survives the end of the process at any moment; only a power cut can take the last
  // commits, and the file stays sound. https://www.sqlite.org/pragma.html#pragma_synchronous
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')
  return database
}

/** A message of an earlier life of this process. */
export interface Kept {
  readonly seq: number
  readonly name: string
  readonly flags: number
  readonly payload: Uint8Array
}

/**
 * The sender's side: what was sent and not acknowledged, and the id of the session. A message is in the journal before
 * its first byte leaves this process; what is gathered in a tick is one transaction.
 */
export class SentJournal {
  readonly session: string
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  #open = false

  constructor(path: string, codec: string) {
    this.#database = openDatabase(path)
    this.#database.exec(`
      CREATE TABLE IF NOT EXISTS uds_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS uds_sent (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, flags INTEGER NOT NULL, payload BLOB NOT NULL
      ) STRICT`)
    const put = this.#database.prepare('INSERT OR IGNORE INTO uds_meta VALUES (?, ?)')
    put.run('session', crypto.randomUUID())
    put.run('codec', codec)
    this.session = this.#meta('session')
    const kept = this.#meta('codec')
    this.#insert = this.#database.prepare('INSERT INTO uds_sent VALUES (?, ?, ?, ?)')
    this.#delete = this.#database.prepare('DELETE FROM uds_sent WHERE seq >= ? AND seq < ?')
    if (kept === codec) return
    this.#database.close()
    throw failure(
      'journal',
      'ERR_UNSUPPORTED_CODEC',
      `the journal ${path} holds messages of the codec ${kept}, not ${codec}`,
    )
  }

  #meta(key: string): string {
    const row = this.#database.prepare('SELECT value FROM uds_meta WHERE key = ?').get(key)
    return String(row?.['value'])
  }

  /** What an earlier life of this process left, oldest first. */
  kept(): Kept[] {
    return this.#database
      .prepare('SELECT seq, name, flags, payload FROM uds_sent ORDER BY seq')
      .all()
      .map(({ seq, name, flags, payload }) => ({
        seq: Number(seq),
        name: String(name),
        flags: Number(flags),
        payload: payload as Uint8Array,
      }))
  }

  /** The number of the next message: numbers are never used twice, or the receiver would take it for an old one. */
  next(): number {
    const row = this.#database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'uds_sent'").get()
    return Number(row?.['seq'] ?? 0) + 1
  }

  add(seq: number, name: string, flags: number, payload: Encoded): void {
    this.#begin()
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : (payload ?? new Uint8Array(0))
    this.#insert.run(seq, name, flags, bytes)
  }

  settled(from: number, count: number): void {
    if (!this.#database.isOpen) return
    this.#begin()
    this.#delete.run(from, from + count)
  }

  #begin(): void {
    if (this.#open) return
    this.#database.exec('BEGIN IMMEDIATE')
    this.#open = true
    // What is not committed with a write to the connection is committed at the end of the tick.
    process.nextTick(() => this.commit())
  }

  commit(): void {
    if (!this.#open || !this.#database.isOpen) return
    this.#open = false
    this.#database.exec('COMMIT')
  }

  close(): void {
    if (!this.#database.isOpen) return
    this.commit()
    this.#database.close()
  }
}

/**
 * The receiver's side: the highest number that was handled, for each session, in the same database as the effects of
 * the handlers. One message at a time is handled; its effect and its number are committed together.
 */
export class HandledJournal {
  readonly database: DatabaseSync
  readonly #select: StatementSync
  readonly #update: StatementSync
  #tail: Promise<void> | undefined

  constructor(path: string) {
    this.database = openDatabase(path)
    this.database.exec(
      'CREATE TABLE IF NOT EXISTS uds_handled (session TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL) STRICT',
    )
    this.#select = this.database.prepare('SELECT seq FROM uds_handled WHERE session = ?')
    this.#update = this.database.prepare(
      'INSERT INTO uds_handled VALUES (?, ?, ?) ON CONFLICT (session) DO UPDATE SET seq = max(seq, excluded.seq), at = excluded.at',
    )
  }

  /** The highest number that was handled of a session; undefined for one that was never seen. */
  highest(session: string): number | undefined {
    const row = this.#select.get(session)
    return row === undefined ? undefined : Number(row['seq'])
  }

  /** Forgets sessions that said nothing for so long. */
  forgetBefore(time: number): void {
    this.database.prepare('DELETE FROM uds_handled WHERE at < ?').run(time)
  }

  /** Runs a handler in a transaction that its number is part of; when it fails, nothing of it is kept. */
  run(session: string, seq: number, work: (transaction: DatabaseSync) => unknown): Promise<void> | undefined {
    if (this.#tail !== undefined) return this.#behind(() => this.#transact(session, seq, work))
    const running = this.#transact(session, seq, work)
    return running === undefined ? undefined : this.#hold(running)
  }

  #transact(
    session: string,
    seq: number,
    work: (transaction: DatabaseSync) => unknown,
  ): Promise<void> | undefined {
    const { database } = this
    const commit = (): void => {
      this.#update.run(session, seq, Date.now())
      database.exec('COMMIT')
    }
    const undo = (error: unknown): never => {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
    database.exec('BEGIN IMMEDIATE')
    try {
      const result = work(database)
      if (isThenable(result)) return Promise.resolve(result).then(commit).catch(undo)
      commit()
      return undefined
    } catch (error) {
      return undo(error)
    }
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
    if (this.database.isOpen) this.database.close()
  }
}

const noop = (): void => {}
