/** WorkJournal: the messages of work queues that nobody has done yet, beyond the life of the server. */
import type { DatabaseSync } from 'node:sqlite'
import { structuredClone } from '../codecs/structured-clone.ts'
import { asError } from '../errors/errors.ts'
import { journalError, type JournalOptions, type OpenDatabase, openDatabase } from '../journal/database.ts'
import type { OpenJob } from './job.ts'

const createTable = (database: DatabaseSync): void => {
  database.exec(
    'CREATE TABLE IF NOT EXISTS uds_work (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, queue TEXT NOT NULL, attempts INTEGER NOT NULL, dead TEXT, payload BLOB NOT NULL) STRICT',
  )
}

/** A message that an earlier life of the server left. */
export interface KeptJob {
  readonly id: string
  readonly attempts: number
  readonly data: unknown
  /** Why it is a dead letter; undefined: it is none. */
  readonly dead: string | undefined
}

type Write = (database: DatabaseSync) => void

/** Keeps messages in a file of its own: the journal of `send`s may be in a transaction of a handler at any time. */
export class WorkJournal {
  readonly #open: OpenDatabase
  readonly #report: (error: Error) => void
  /** What the transaction at the end of this tick has to write. */
  #writes: { readonly write: Write; readonly done: (error: Error | undefined) => void }[] = []

  /** @param report - receives an error of a write that no caller awaits */
  constructor(options: JournalOptions, report: (error: Error) => void) {
    this.#open = openDatabase(options, createTable)
    this.#report = report
  }

  kept(queue: string): KeptJob[] {
    return this.#open.database
      .prepare('SELECT id, attempts, dead, payload FROM uds_work WHERE queue = ? ORDER BY seq')
      .all(queue)
      .map(({ id, attempts, dead, payload }) => ({
        id: String(id),
        attempts: Number(attempts),
        dead: dead === null ? undefined : String(dead),
        data: structuredClone.decode(Buffer.from(payload as Uint8Array), {
          maxDepth: Infinity,
          maxValues: Infinity,
        }),
      }))
  }

  /** Resolves when the message is kept; rejects with `ENOSPC`, `EIO`, ... */
  add(queue: string, { id, data }: OpenJob): Promise<void> {
    let payload: Uint8Array
    try {
      payload = structuredClone.encode(data)
    } catch (error) {
      return Promise.reject(asError(error))
    }
    return new Promise((resolve, reject) => {
      this.#later(
        (database) => {
          database
            .prepare('INSERT INTO uds_work (id, queue, attempts, payload) VALUES (?, ?, 0, ?)')
            .run(id, queue, payload)
        },
        (error) => (error === undefined ? resolve() : reject(error)),
      )
    })
  }

  /** A message is sent to a worker once more. */
  attempted({ id, attempts }: OpenJob): void {
    this.#later((database) => {
      database.prepare('UPDATE uds_work SET attempts = ? WHERE id = ?').run(attempts, id)
    })
  }

  buried({ id }: OpenJob, reason: Error): void {
    this.#later((database) => {
      database.prepare('UPDATE uds_work SET dead = ? WHERE id = ?').run(reason.message, id)
    })
  }

  done({ id }: OpenJob): void {
    this.#later((database) => {
      database.prepare('DELETE FROM uds_work WHERE id = ?').run(id)
    })
  }

  /** Everything of a tick is one transaction. */
  #later(write: Write, done: (error: Error | undefined) => void = this.#reportFailure): void {
    this.#writes.push({ write, done })
    if (this.#writes.length === 1) process.nextTick(() => this.#commit())
  }

  readonly #reportFailure = (error: Error | undefined): void => {
    if (error !== undefined) this.#report(error)
  }

  #commit(): void {
    const { database, path } = this.#open
    const all = this.#writes
    this.#writes = []
    if (all.length === 0 || !database.isOpen) return
    let failed: Error | undefined
    try {
      database.exec('BEGIN IMMEDIATE')
      for (const { write } of all) write(database)
      database.exec('COMMIT')
    } catch (error) {
      // SQLite has rolled back by itself after some errors, not after all.
      if (database.isTransaction) database.exec('ROLLBACK')
      failed = journalError(path, error)
    }
    for (const { done } of all) done(failed)
  }

  close(): void {
    this.#commit()
    if (this.#open.database.isOpen) this.#open.close()
  }
}
