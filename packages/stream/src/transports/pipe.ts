/** Named pipes of Windows. */
import { platform } from './select.ts'
import type { Transport } from '../transport.ts'
import { parseAddress, type Address, type PipeAddress } from '../address/address.ts'
import { addressFor } from './scheme.ts'

/** A name is a pipe where the system's safe place for names has those. */
const target = (address: string | Address, where: string): PipeAddress => {
  const parsed = parseAddress(address, { where })
  return addressFor(parsed.scheme === 'name' ? platform.resolveName(parsed) : parsed, where, 'pipe')
}

/** `pipe:name`. Windows only: `ENOTSUP` elsewhere. */
export const pipe: Transport = {
  name: 'pipe',
  capabilities: platform.pipeCapabilities,
  connect: async (address, options = {}) =>
    await platform.connectPipe(target(address, 'pipe.connect'), options),
  listen: async (address, options = {}) => await platform.listenPipe(target(address, 'pipe.listen'), options),
}
