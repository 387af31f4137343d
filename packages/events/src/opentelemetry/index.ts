/**
 * A client or a server as metrics of OpenTelemetry. It takes the package `@opentelemetry/api`, and an SDK that reads them.
 *
 * | metric                      | kind            | unit    | attributes                                                            |
 * | --------------------------- | --------------- | ------- | --------------------------------------------------------------------- |
 * | `messaging.process.duration`| histogram       | s       | `messaging.destination.name`, `messaging.operation.name`, `error.type`|
 * | `rpc.server.call.duration`  | histogram       | s       | `rpc.method`, `error.type`                                            |
 * | `uds.events.errors`         | counter         | {error} | `error.type`                                                          |
 * | `uds.events.io`             | counter         | By      | `network.io.direction`: `receive`, `transmit`                         |
 * | `uds.events.peers`          | up-down counter | {peer}  |                                                                       |
 * | `uds.events.buffered`       | up-down counter | By      |                                                                       |
 * | `uds.events.unacknowledged` | up-down counter | {message} |                                                                     |
 *
 * All of them have `uds.events.channel`, and the role of this end in `uds.events.role`. An event is the
 * `messaging.destination.name`, a request the `rpc.method`.
 *
 * @packageDocumentation
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { metrics, type Attributes, type BatchObservableResult, type Meter } from '@opentelemetry/api'
import { checkOptions } from '@uds/winsock-ffi'
import { codeOf } from '@uds/winsock-ffi/internal'
import type { HandledMessage } from '../handlers/diagnostics.ts'
import { report, type Reportable } from '../report/index.ts'

/** For {@link instrument}. */
export interface InstrumentOptions {
  /**
   * The name of the channel, in the attribute `uds.events.channel`.
   *
   * @default the address
   */
  readonly channel?: string | undefined
  /** @default the meter `@uds/events` of the global provider */
  readonly meter?: Meter | undefined
}

/** Names come from peers: after so many, the others share one. */
const MOST_NAMES = 200
const OTHERS = '_OTHER'

/** The code of an error, for `error.type`. */
const typeOf = (error: unknown): string => codeOf(error) ?? (error instanceof Error ? error.name : OTHERS)

/**
 * Records the metrics of a client or a server, until the function that it returns is called.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export const instrument = (end: Reportable, options: InstrumentOptions = {}): (() => void) => {
  checkOptions(options, 'instrument', ['channel', 'meter'])
  const reporter = report(end)
  const { role, address } = end.reportSource
  const meter = options.meter ?? metrics.getMeter('@uds/events')
  const common: Attributes = {
    'uds.events.channel': options.channel ?? address,
    'uds.events.role': role,
  }
  const events = meter.createHistogram('messaging.process.duration', {
    unit: 's',
    description: 'How long the listeners of an event took',
  })
  const requests = meter.createHistogram('rpc.server.call.duration', {
    unit: 's',
    description: 'How long the handler of a request took',
  })
  const names = new Set<string>()
  const known = (name: string): string => {
    if (!names.has(name) && names.size >= MOST_NAMES) return OTHERS
    names.add(name)
    return name
  }
  const onHandled = (message: unknown): void => {
    const { end: from, kind, name, ms, error } = message as HandledMessage
    if (from !== end) return
    const failed = error === undefined ? common : { ...common, 'error.type': typeOf(error) }
    if (kind === 'emit' || kind === 'send') {
      const about = {
        'messaging.system': 'uds_events',
        'messaging.operation.name': 'process',
        'messaging.destination.name': known(name),
      }
      events.record(ms / 1000, { ...failed, ...about })
    } else
      requests.record(ms / 1000, { ...failed, 'rpc.system.name': 'uds_events', 'rpc.method': known(name) })
  }
  const errors = meter.createObservableCounter('uds.events.errors', { unit: '{error}' })
  const io = meter.createObservableCounter('uds.events.io', { unit: 'By' })
  const peers = meter.createObservableUpDownCounter('uds.events.peers', { unit: '{peer}' })
  const buffered = meter.createObservableUpDownCounter('uds.events.buffered', { unit: 'By' })
  const unacknowledged = meter.createObservableUpDownCounter('uds.events.unacknowledged', {
    unit: '{message}',
  })
  const observed = [errors, io, peers, buffered, unacknowledged]
  const observe = (result: BatchObservableResult): void => {
    const now = reporter.read()
    for (const [code, count] of Object.entries(now.errors))
      result.observe(errors, count, { ...common, 'error.type': code })
    result.observe(io, now.bytesRead, { ...common, 'network.io.direction': 'receive' })
    result.observe(io, now.bytesWritten, { ...common, 'network.io.direction': 'transmit' })
    result.observe(peers, now.peerCount, common)
    result.observe(buffered, now.queues.bufferedBytes, common)
    result.observe(unacknowledged, now.queues.unacknowledged, common)
  }
  meter.addBatchObservableCallback(observe, observed)
  subscribe('uds.events.handled', onHandled)
  return () => {
    unsubscribe('uds.events.handled', onHandled)
    meter.removeBatchObservableCallback(observe, observed)
    reporter.close()
  }
}
