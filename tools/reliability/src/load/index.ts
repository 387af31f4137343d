/** Many clients, and little of everything. */
import type { Trials } from '../trials/trial.ts'
import { kinds, leakTrial } from './leaks.ts'
import { storm } from './storm.ts'

export const load: Trials = {
  'clients of a server that was away for 100 ms': storm(100),
  'clients of a server that was away for 5 s': { ...storm(5000), long: true },
  ...Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => [`the heap after many operations: ${name}`, leakTrial(kind)]),
  ),
}
