/** The sender's journal: what was sent and not acknowledged, and the id of the session. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { failure } from '../errors/errors.ts'
import type { Encoded } from '../wire/frame.ts'
import { journalError, type JournalOptions, type OpenDatabase, openDatabase, pragmaOf } from './database.ts'

/** A message as a journal keeps it. */
export interface StoredMessage {
  readonly seq: number
  readonly name: string
  readonly flags: number
  readonly payload: Encoded
}

/** A message of an earlier life of this process. */
export interface KeptMessage extends StoredMessage {
  readonly payload: Uint8Array
}

const bytesOf = (payload: Encoded): Uint8Array =>
  typeof payload === 'string' ? Buffer.from(payload) : (payload ?? new Uint8Array(0))

const createTables = (codec: string) => (database: DatabaseSync) => {
  database.exec(`
    CREATE TABLE IF NOT EXISTS uds_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS uds_sent (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, flags INTEGER NOT NULL, payload BLOB NOT NULL
    ) STRICT`)
  const put = database.prepare('INSERT OR IGNORE INTO uds_meta VALUES (?, ?)')
  put.run('session', crypto.randomUUID())
  put.run('codec', codec)
}

/** So many numbers are set aside at once. */
const RESERVED_NUMBERS = 100_000

/**
 * Keeps messages from before their first byte leaves this process until they are settled. What is sent in one tick is one
 * transaction.
 */
export class SentJournal {
  readonly session: string
  readonly #open: OpenDatabase
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #report: (error: Error) => void
  /** Settled numbers that the database still has: from, and how many. */
  #settled: [from: number, count: number][] = []
  #scheduled = false
  /** The last transaction failed, and was reported. */
  #failing = false

  /** Up to which number a power cut cannot make this journal forget that numbers were used. */
  #reserved = 0
  readonly #synchronous: JournalOptions['synchronous']

  /** @param report - receives an error of a transaction that no caller awaits */
  constructor(options: JournalOptions, codec: string, report: (error: Error) => void) {
    this.#report = report
    this.#synchronous = options.synchronous
    this.#open = openDatabase(options, createTables(codec))
    const { database, path } = this.#open
    this.session = String(this.#meta('session'))
    const kept = this.#meta('codec')
    this.#insert = database.prepare('INSERT INTO uds_sent VALUES (?, ?, ?, ?)')
    this.#delete = database.prepare('DELETE FROM uds_sent WHERE seq >= ? AND seq < ?')
    if (kept === codec) return
    this.#open.close()
    const detail = `the journal ${path} holds messages of the codec ${kept}, not ${codec}`
    throw failure('journal', 'ERR_UNSUPPORTED_CODEC', detail)
  }

  #meta(key: string): string | undefined {
    const row = this.#open.database.prepare('SELECT value FROM uds_meta WHERE key = ?').get(key)
    return row && String(row['value'])
  }

  /** What an earlier life of this process left, oldest first. */
  kept(): KeptMessage[] {
    return this.#open.database
      .prepare('SELECT seq, name, flags, payload FROM uds_sent ORDER BY seq')
      .all()
      .map(({ seq, name, flags, payload }) => ({
        seq: Number(seq),
        name: String(name),
        flags: Number(flags),
        payload: payload as Uint8Array,
      }))
  }

  /**
   * The number of the next message: numbers are never used twice, or the receiver would take it for an old one. After a
   * power cut the last commits may be missing, but not the numbers that were set aside for them.
   */
  next(): number {
    const row = this.#open.database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'uds_sent'").get()
    const reserved = this.#meta('closed') === undefined ? Number(this.#meta('reserved') ?? 0) : 0
    return Math.max(Number(row?.['seq'] ?? 0), reserved) + 1
  }

  /** Sets numbers aside, on the disk itself, before one of them is used. */
  #reserve(most: number): void {
    // Each commit is on the disk then.
    if (most <= this.#reserved || this.#synchronous === 'full') return
    const { database } = this.#open
    const reserved = most + RESERVED_NUMBERS
    database.exec(pragmaOf('full'))
    try {
      database.exec('BEGIN IMMEDIATE')
      database.prepare("INSERT OR REPLACE INTO uds_meta VALUES ('reserved', ?)").run(String(reserved))
      database.exec("DELETE FROM uds_meta WHERE key = 'closed'; COMMIT")
    } finally {
      if (database.isTransaction) database.exec('ROLLBACK')
      database.exec(pragmaOf('normal'))
    }
    this.#reserved = reserved
  }

  /**
   * Keeps all of these messages, or none.
   *
   * @throws SocketError `ENOSPC`, `EIO`, ...: none of them is kept, so none may be sent
   */
  add(messages: readonly StoredMessage[]): void {
    const settled = this.#settled
    const { database, path } = this.#open
    try {
      const last = messages.at(-1)
      if (last !== undefined) this.#reserve(last.seq)
      database.exec('BEGIN IMMEDIATE')
      for (const [from, count] of settled) this.#delete.run(from, from + count)
      for (const { seq, name, flags, payload } of messages)
        this.#insert.run(seq, name, flags, bytesOf(payload))
      database.exec('COMMIT')
    } catch (error) {
      // SQLite has rolled back by itself after some errors, not after all.
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
      throw journalError(path, error)
    }
    this.#settled = []
    this.#failing = false
  }

  /** These numbers are settled: the next transaction removes them, at the end of the tick. */
  settled(from: number, count: number): void {
    if (!this.#open.database.isOpen) return
    const last = this.#settled.at(-1)
    if (last !== undefined && last[0] + last[1] === from) last[1] += count
    else this.#settled.push([from, count])
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => this.#removeSettled())
  }

  /** Removes what is settled. When that fails, the next transaction tries again; a repeated message is handled once. */
  #removeSettled(): void {
    this.#scheduled = false
    if (this.#settled.length === 0 || !this.#open.database.isOpen) return
    try {
      this.add([])
    } catch (error) {
      if (!this.#failing) this.#report(error as Error)
      this.#failing = true
    }
  }

  close(): void {
    if (!this.#open.database.isOpen) return
    this.#removeSettled()
    this.#noteTheEnd()
    this.#open.close()
  }

  /** The numbers that were set aside and not used are used by the next life. */
  #noteTheEnd(): void {
    if (this.#reserved === 0) return
    try {
      this.#open.database.exec("INSERT OR REPLACE INTO uds_meta VALUES ('closed', 'yes')")
    } catch {
      // On a full disk; the next life leaves those numbers out.
    }
  }
}
