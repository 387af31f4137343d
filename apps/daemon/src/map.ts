/** What the daemon and its command say to each other, and where they meet. */

/** How far a job is. */
export interface Progress {
  readonly step: number
  readonly of: number
}

export interface DaemonMap {
  requests: {
    status(): { pid: number; upMs: number; jobs: number }
    /** Ends the daemon when what it does is done. */
    stop(): void
    /** Does a job of so many steps, and reports each. */
    run(job: { steps: number; stepMs: number }): AsyncIterable<Progress>
    /** The lines of the log that are there, then those that come. */
    logs(last: number): AsyncIterable<string>
  }
}

/** A name is a socket that only this user reaches, a named pipe on Windows. */
export const ADDRESS: string = process.env['DAEMON_ADDRESS'] ?? 'name:uds-sample-daemon'
