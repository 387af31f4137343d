/** openPlace: a directory of the host, held as firmly as this system can. */
import { system } from '@uds/winsock-ffi/internal'
import { canAnchor } from './anchored-place.ts'
import { BeneathPlace } from './beneath-place.ts'
import { CheckedPlace } from './checked-place.ts'
import type { Place } from './place.ts'

/** @throws The error of `node:fs` when there is no such directory. */
export const openPlace = (path: string): Place =>
  system === 'linux' && canAnchor() ? BeneathPlace.at(path) : CheckedPlace.at(path)
