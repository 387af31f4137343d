/**
 * How a client or a server is: its peers, what it handles and how long that takes, what waits, what fails, its bytes.
 *
 * The counts come from three channels of `node:diagnostics_channel`, which other tools can subscribe as well:
 * `uds.events.handled`, `uds.events.error` and `uds.events.connection`. Nothing is counted while nobody has subscribed.
 *
 * @packageDocumentation
 * @see https://nodejs.org/api/diagnostics_channel.html
 */
import { invalidArgument } from '@uds/winsock-ffi'
import { EventClient } from '../client/client.ts'
import type { RequestOptions } from '../map.ts'
import { REPORT } from '../names.ts'
import { Reporter, type Report } from '../reporting/reporter.ts'
import { EventServer } from '../server/server.ts'

export type { ConnectionMessage, ErrorMessage, HandledMessage } from '../handlers/diagnostics.ts'
export type { HandledReport } from '../reporting/handled.ts'
export { ratesBetween } from '../reporting/rates.ts'
export type { Rates } from '../reporting/rates.ts'
export { Reporter } from '../reporting/reporter.ts'
export type { PeerReport, Report, ReportSource } from '../reporting/reporter.ts'

/** A client or a server, of any map. */
export type Reportable = Pick<EventServer<never>, 'reportSource'> | Pick<EventClient<never>, 'reportSource'>

/**
 * Counts what a client or a server does, from now on until `close()`.
 *
 * @example
 * ```ts
 * using reporter = report(server)
 * setInterval(() => console.log(reporter.read()), 1000)
 * ```
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for anything else
 */
export const report = (end: Reportable): Reporter => {
  if (!(end instanceof EventServer) && !(end instanceof EventClient))
    throw invalidArgument('report', 'end', 'an EventServer or an EventClient', end)
  return new Reporter(end.reportSource)
}

/**
 * Asks the server of a client how it is. The server begins to count at the first question, and ends when nobody has asked
 * for 10 seconds; the times of its handlers are those since the report before, of every client that asks.
 *
 * @throws RemoteError `ERR_UNAUTHORIZED` where the server does not know this process as one of its own user, as over tcp;
 *   `ERR_NO_HANDLER` from a server of another version
 * @throws SocketError as `request` of a client
 */
export const serverReport = (
  client: Pick<EventClient, 'request'>,
  options: RequestOptions = {},
): Promise<Report> => client.request(REPORT, undefined, options) as Promise<Report>
