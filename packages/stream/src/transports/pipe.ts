/** The transport pipe: named pipes of Windows. */
import { platform } from './select.ts'
import type { Transport } from '../transport.ts'
import { parseOwnAddress } from './scheme.ts'

/** `pipe:name`. Windows only: `ENOTSUP` elsewhere. */
export const pipe: Transport = {
  name: 'pipe',
  capabilities: platform.pipeCapabilities,
  connect: async (address, options = {}) =>
    await platform.connectPipe(parseOwnAddress(address, 'pipe.connect', 'pipe'), options),
  listen: async (address, options = {}) =>
    await platform.listenPipe(parseOwnAddress(address, 'pipe.listen', 'pipe'), options),
}
