/** Disks that are cut from power, full, or read-only. */
import type { Trials } from '../trials/trial.ts'
import { fullDirectory, fullJournal, readOnlyJournals } from './full.ts'
import { killed, powerCut } from './power.ts'

export const disks: Trials = {
  'journals after a kill at any write': killed,
  'journals after a power cut, synchronous normal': powerCut('normal'),
  'journals after a power cut, synchronous full': powerCut('full'),
  'a full disk under the journal of a client': fullJournal('client'),
  'a full disk under the journal of a server': fullJournal('server'),
  'a read-only disk under journals': readOnlyJournals,
  'a full directory of sockets': fullDirectory('full'),
  'a read-only directory of sockets': fullDirectory('read-only'),
}
