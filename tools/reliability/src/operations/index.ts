/** All operations, by the package they are of. */
import { events } from './events.ts'
import type { Operations } from './operation.ts'
import { pipes } from './pipes.ts'
import { stream } from './stream.ts'
import { winsockFfi } from './winsock-ffi.ts'

export const areas: Readonly<Record<string, Operations>> = {
  'winsock-ffi': winsockFfi,
  pipes,
  stream,
  events,
}
