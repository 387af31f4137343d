/** What became of an operation one of whose calls had a fault. */
import type { Fired } from './plan.ts'

export interface Result {
  /** The number of the call, from 1 on, and of the fault among those of the call, from 0 on. */
  readonly call: number
  readonly choice: number
  readonly fired: Fired | undefined
  /** 'works', or what it failed with. */
  readonly ended: string
  readonly problems: readonly string[]
}
