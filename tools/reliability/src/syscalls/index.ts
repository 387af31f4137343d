/** Calls of Node's own sockets that fail. */
import type { Trials } from '../trials/trial.ts'
import { libuv } from './libuv.ts'

export const syscalls: Trials = {
  'calls of libuv under stream': libuv('stream'),
  'calls of libuv under events': libuv('events'),
}
