import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { TRACE_CHANNEL, type TraceRecord } from '../src/index.ts'

/** The system calls that an action makes in this thread. */
export const traced = (action: () => unknown): readonly TraceRecord[] => {
  const records: TraceRecord[] = []
  const listen = (message: unknown): void => void records.push(message as TraceRecord)
  subscribe(TRACE_CHANNEL, listen)
  try {
    action()
  } finally {
    unsubscribe(TRACE_CHANNEL, listen)
  }
  return records
}
