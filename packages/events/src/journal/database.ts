/** The database of a journal: a file for its owner alone, open in one process at a time, with errors in words. */
import { closeSync, fchmodSync, lstatSync, openSync, realpathSync, statSync, type Stats } from 'node:fs'
import type * as Sqlite from 'node:sqlite'
import type { DatabaseSync } from 'node:sqlite'
import { checkOptions, invalidArgument, invalidValue, SocketError } from '@uds/winsock-ffi'
import { failure } from '../errors/errors.ts'
import { count, oneOf } from '../options.ts'

/** Where a journal is kept. It takes an engine with `node:sqlite` (Node.js 22.13 or later); else `ENOTSUP`. */
export interface JournalOptions {
  /**
   * The file of the database. It is created with mode 0600; one that other users can read is refused (`EACCES`), and so
   * is one that is open in another process or twice in this one (`ERR_JOURNAL_IN_USE`).
   */
  readonly path: string
  /**
   * Servers: milliseconds for which the last number of a session that sends nothing is kept.
   *
   * @default 2_592_000_000 (30 days)
   */
  readonly rememberMs?: number | undefined
  /**
   * What a power cut, or a crash of the system, may take. The end of the process takes nothing, whatever this is.
   *
   * - `normal`: the last commits, so messages that were acknowledged a moment before. What is left is sound: nothing is
   *   handled twice, and no number is used again.
   * - `full`: nothing. Each commit waits for the disk (fsync), so a `send` takes as long as that.
   *
   * @default 'normal'
   * @see https://www.sqlite.org/pragma.html#pragma_synchronous
   */
  readonly synchronous?: 'normal' | 'full' | undefined
}

const THIRTY_DAYS_MS = 30 * 24 * 3600 * 1000

/** How long numbers are kept. */
export const rememberMs = (where: string, options: JournalOptions): number =>
  count(where, 'journal.rememberMs', options.rememberMs, THIRTY_DAYS_MS)

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE` */
export const checkJournal = (where: string, options: JournalOptions | undefined): void => {
  checkOptions(options, where, ['path', 'rememberMs', 'synchronous'], 'journal.')
  if (options === undefined) return
  const { path } = options
  if (typeof path !== 'string' || path === '')
    throw invalidArgument(where, 'journal.path', 'the path of a file', path)
  if (path.startsWith('file:') || path === ':memory:')
    throw invalidValue(where, 'journal.path', 'must be the path of a file', path)
  rememberMs(where, options)
  oneOf(where, 'journal.synchronous', options.synchronous, ['normal', 'full'])
}

const PRIVATE = 0o600
/** The files that SQLite keeps beside a database, and the one that a journal is locked by. */
const LOCK = '-lock'
const SIBLINGS = ['', '-wal', '-shm', '-journal', LOCK]

const refused = (path: string, code: string, detail: string, advice?: string): SocketError =>
  new SocketError({
    code,
    syscall: 'journal',
    address: path,
    detail,
    ...(advice !== undefined && { advice }),
  })

const statsOf = (path: string, stat: (path: string) => Stats): Stats | undefined => {
  try {
    return stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw refused(path, (error as NodeJS.ErrnoException).code ?? 'EIO', (error as Error).message)
  }
}

/** The text of the pragma; only these two are written into it. */
export const pragmaOf = (synchronous: JournalOptions['synchronous']): string =>
  `PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`

/** Refuses a file that other users own, or can open. */
const checkPrivate = (path: string, stats: Stats): void => {
  if (!stats.isFile()) throw refused(path, 'EACCES', 'it is no regular file')
  const user = process.geteuid?.()
  // Without user numbers there are no modes either.
  if (user === undefined) return
  if (stats.uid !== user) throw refused(path, 'EACCES', `it belongs to uid ${stats.uid}, not to ${user}`)
  const mode = stats.mode & 0o777
  if ((mode & 0o077) === 0) return
  throw refused(
    path,
    'EACCES',
    `it has mode 0${mode.toString(8)}, so other users can open it: it holds messages, and the secret of a session`,
    `chmod 600 ${path}`,
  )
}

/** Makes the file, whatever the umask. Never opens one that exists: closing it would take SQLite's locks off it. */
const create = (path: string): void => {
  let fd: number
  try {
    fd = openSync(path, 'wx', PRIVATE)
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    throw refused(path, code, message)
  }
  try {
    fchmodSync(fd, PRIVATE)
  } finally {
    closeSync(fd)
  }
}

/** The result codes of SQLite that have a name in every system: https://www.sqlite.org/rescode.html */
const CODES: Readonly<Record<number, string>> = {
  3: 'EACCES',
  5: 'EBUSY',
  6: 'EBUSY',
  8: 'EROFS',
  10: 'EIO',
  11: 'ERR_JOURNAL_CORRUPT',
  13: 'ENOSPC',
  14: 'ENOENT',
  26: 'ERR_JOURNAL_CORRUPT',
}

const BUSY = 5

const resultOf = (error: unknown): number => Number((error as { errcode?: unknown }).errcode ?? 0) & 0xff

/** What SQLite failed with, as an error of this package. */
export const journalError = (path: string, error: unknown): SocketError =>
  new SocketError({
    code: CODES[resultOf(error)] ?? 'EIO',
    syscall: 'journal',
    address: path,
    detail: `the journal cannot be used: ${(error as Error).message}`,
    cause: error,
  })

const load = (): typeof Sqlite => {
  // Asked for like this, an engine without it returns undefined instead of failing to load this file.
  // https://nodejs.org/api/process.html#processgetbuiltinmoduleid
  const sqlite = process.getBuiltinModule('node:sqlite') as typeof Sqlite | undefined
  if (sqlite !== undefined) return sqlite
  throw failure('journal', 'ENOTSUP', 'a journal needs an engine with node:sqlite (Node.js 22.13 or later)')
}

/** An open database, and the lock that keeps others from it. */
export interface OpenDatabase {
  readonly database: DatabaseSync
  /** The path without symbolic links. */
  readonly path: string
  close(): void
}

/** Follows the links of a path. */
const realPathOf = (path: string): string => {
  try {
    return realpathSync(path)
  } catch (error) {
    // A link that leads nowhere is one: SQLite would make a file there with the mode of the umask.
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    throw refused(path, code, message)
  }
}

/**
 * Locks a file for as long as this process lives: an exclusive transaction, which the system ends with the process.
 * Not on the journal itself, which other programs may read.
 */
const lock = (sqlite: typeof Sqlite, path: string): DatabaseSync => {
  create(path)
  const held = new sqlite.DatabaseSync(path)
  try {
    held.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return held
  } catch (error) {
    held.close()
    throw error
  }
}

/**
 * Opens the database of a journal.
 *
 * @throws SocketError `ENOTSUP`, `EACCES`, `ERR_JOURNAL_IN_USE`, `ERR_JOURNAL_CORRUPT`, and what the file system says
 */
export const openDatabase = (
  { path: given, synchronous }: JournalOptions,
  setUp: (database: DatabaseSync) => void,
): OpenDatabase => {
  const sqlite = load()
  if (statsOf(given, statSync) === undefined) create(given)
  const path = realPathOf(given)
  for (const sibling of SIBLINGS) {
    const stats = statsOf(path + sibling, lstatSync)
    if (stats !== undefined) checkPrivate(path + sibling, stats)
  }
  let held: DatabaseSync | undefined
  let database: DatabaseSync | undefined
  const close = (): void => {
    if (database?.isOpen === true) database.close()
    if (held?.isOpen === true) held.close()
  }
  try {
    held = lock(sqlite, path + LOCK)
    database = new sqlite.DatabaseSync(path)
    // A write-ahead log survives the end of the process at any moment, whatever is synchronised, and stays sound.
    database.exec(`PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; ${pragmaOf(synchronous)}`)
    setUp(database)
    return { database, path, close }
  } catch (error) {
    close()
    if (error instanceof SocketError) throw error
    if (resultOf(error) !== BUSY || database !== undefined) throw journalError(given, error)
    throw refused(
      given,
      'ERR_JOURNAL_IN_USE',
      'the journal is open already, in another process or in this one: two would use the same numbers',
    )
  }
}
