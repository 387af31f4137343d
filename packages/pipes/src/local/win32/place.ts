import { sidOfProcess } from '@uds/winsock-ffi'
import type { Place } from '../place.ts'

/** All users share the names of pipes, so the user's own identifier becomes a part of the name. */
export const place: Place = (name) => `\\\\.\\pipe\\uds-${sidOfProcess(process.pid)}-${name}`
