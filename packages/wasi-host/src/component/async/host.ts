/** What the calls of a component of WASI 0.3 are served with: that of 0.2, and its tasks. */
import { ComponentHost } from '../host.ts'
import type { LoopSockets } from '../../sockets/socket-calls.ts'
import { Tasks } from './task.ts'

export class AsyncHost extends ComponentHost {
  readonly tasks: Tasks = new Tasks(this.handles)
  /** Ends what goes on in the host for the component. */
  readonly stopping: Set<() => void> = new Set()

  /** The sockets, which are of this thread. */
  get sockets(): LoopSockets {
    return this.guest.sockets as LoopSockets
  }

  stop(): void {
    for (const each of this.stopping) each()
    this.stopping.clear()
  }
}
