import type { Cases } from './case.ts'
import { cli } from './cli.ts'
import { doors } from './doors.ts'
import { events } from './events.ts'
import { pipes } from './pipes.ts'
import { stream } from './stream.ts'
import { wasiFiles } from './wasi-files.ts'
import { wasiHost } from './wasi-host.ts'
import { winsockFfi } from './winsock-ffi.ts'

/** All cases, by package. */
export const areas: Readonly<Record<string, Cases>> = {
  'winsock-ffi': winsockFfi,
  pipes,
  stream,
  'stream, other doors': doors,
  events,
  'wasi-host': wasiHost,
  'wasi-host, files': wasiFiles,
  cli,
}
