/** `wasi:sockets/ip-name-lookup` of 0.3. */
import { after } from '../../outcome/sync-promise.ts'
import { asyncFunc, attempt, type WitFunctions } from '../async/wit-function.ts'
import { resolveName } from '../network.ts'
import { string } from '../types/bytes.ts'
import { list, result } from '../types/compound.ts'
import { ipAddress } from './address.ts'
import { asItIs, lookupError } from './error-code.ts'

export const nameLookup: WitFunctions = {
  'resolve-addresses': asyncFunc([string], result(list(ipAddress), lookupError), (host, _call, name) =>
    attempt(() => after(resolveName(host, name), (found) => found.map((each) => each.host)), asItIs),
  ),
}
