/** `wasi:sockets/ip-name-lookup` of 0.3. */
import { after } from '../../outcome/sync-promise.ts'
import { asyncFunc, type WitFunctions } from '../async/wit-function.ts'
import { list } from '../canonical/lists.ts'
import { result } from '../canonical/named.ts'
import { string } from '../canonical/text.ts'
import { resolveName } from '../network.ts'
import { attempt } from '../row.ts'
import { ipAddress } from '../socket-address.ts'
import { asItIs, lookupError } from './error-code.ts'

export const nameLookup: WitFunctions = {
  'resolve-addresses': asyncFunc([string], result(list(ipAddress), lookupError), (host, _call, name) =>
    attempt(() => after(resolveName(host, name), (found) => found.map((each) => each.host)), asItIs),
  ),
}
