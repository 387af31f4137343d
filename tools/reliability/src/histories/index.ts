/** Programs over events, against a model. */
import type { Trials } from '../trials/trial.ts'
import { programs } from './programs.ts'

export const histories: Trials = {
  'programs over send, emit, request, stream, rooms, cuts, restarts and ends': { run: programs },
}
