/** Peers that mean harm. */
import type { Trials } from '../trials/trial.ts'
import { hostileClients, hostileServers } from './events.ts'
import { hostileLines } from './streams.ts'

export const hostile: Trials = {
  'clients of an EventServer': hostileClients,
  'servers of an EventClient': hostileServers,
  'clients of a LineServer': hostileLines,
}
