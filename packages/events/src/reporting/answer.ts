/** The answer to `$uds:report`: a report for the user whose server it is. */
import { SocketError } from '@uds/winsock-ffi'
import { userDifference } from '@uds/winsock-ffi/internal'
import type { PeerCredentials } from '@uds/winsock-ffi'
import { failure } from '../errors/errors.ts'
import { Reporter, type Report, type ReportSource } from './reporter.ts'

/** Milliseconds without a question after which nothing is counted any more. */
const IDLE_MS = 10_000
/** A report is as good as another for so many milliseconds, so that all who look see the same. */
const SAME_MS = 250

/** Why a client may not see reports; undefined for one that may. */
const refusal = (credentials: () => PeerCredentials): string | undefined => {
  try {
    const difference = userDifference(credentials())
    return difference === undefined ? undefined : `the client ${difference}`
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
    return `who the client is, is not known: ${error.message}`
  }
}

/**
 * Answers questions for reports. Counting begins with the first, and ends when nobody has asked for a while: until then it
 * costs nothing.
 */
export class ReportAnswers {
  readonly #source: ReportSource
  #reporter: Reporter | undefined
  #last: Report | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(source: ReportSource) {
    this.#source = source
  }

  /**
   * @param credentials - of the client that asks
   * @throws SocketError `ERR_UNAUTHORIZED` for a client of another user, or one whose user is not known
   */
  answer(credentials: () => PeerCredentials): Report {
    const why = refusal(credentials)
    if (why !== undefined)
      throw failure('report', 'ERR_UNAUTHORIZED', `a report is for the user of the server: ${why}`)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.close(), IDLE_MS).unref()
    this.#reporter ??= new Reporter(this.#source)
    if (this.#last === undefined || performance.now() - this.#last.at >= SAME_MS)
      this.#last = this.#reporter.read()
    return this.#last
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#reporter?.close()
    this.#reporter = undefined
    this.#last = undefined
  }
}
