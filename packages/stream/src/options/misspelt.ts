/** refuseMisspelt: options for a transport that may read more than this package knows. */
import { invalidValue } from '@uds/winsock-ffi'
import { nearestName } from '@uds/winsock-ffi/internal'

/**
 * Refuses an unknown name that looks like a known one: `autorize` would let every peer in.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE`.
 */
export const refuseMisspelt = (options: object, where: string, known: readonly string[]): void => {
  for (const [name, value] of Object.entries(options)) {
    if (known.includes(name)) continue
    const nearest = nearestName(name, known, 1)
    if (nearest === undefined) continue
    throw invalidValue(where, `the option ${name}`, `does not exist; did you mean ${nearest}?`, value)
  }
}
