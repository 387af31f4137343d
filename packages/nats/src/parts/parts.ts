/** Parts: what every part of a bridge works with. */
import type { AdapterHost } from '@uds/events'
import type { Engine } from '../connection/engine.ts'
import type { Counting } from '../diagnostics.ts'
import type { NatsSettings } from '../options/options.ts'
import type { Outlet } from '../outgoing/outlet.ts'
import type { Payloads } from '../payload/payload.ts'
import type { ClientTokens } from '../subjects/clients.ts'
import type { SubjectSpace } from '../subjects/subject-space.ts'

export interface Parts {
  readonly settings: NatsSettings
  readonly space: SubjectSpace
  readonly engine: Engine
  readonly outlet: Outlet
  readonly payloads: Payloads
  readonly clients: ClientTokens
  readonly counting: Counting
  /** The server that is joined. */
  host(): AdapterHost
  report(error: Error): void
}
