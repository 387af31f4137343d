/** The transport pipe: named pipes of Windows. */
import { SocketError } from '@uds/winsock-ffi'
import { formatAddress, type Address, type PipeAddress } from '@uds/winsock-ffi/internal'
import { platform } from './select.ts'
import type { Transport } from '../transport.ts'
import { parseOwnAddress } from './scheme.ts'

/**
 * A client of another computer's pipe shows that computer who its user is, so a text from a configuration must not be
 * enough for it.
 *
 * @throws SocketError `ENOTSUP` for a pipe of another computer.
 */
const ownPipe = (address: string | Address, syscall: 'connect' | 'listen'): PipeAddress => {
  const parsed = parseOwnAddress(address, `pipe.${syscall}`, 'pipe')
  if (parsed.host === undefined) return parsed
  throw new SocketError({
    code: 'ENOTSUP',
    syscall,
    address: formatAddress(parsed),
    detail: 'the pipe is one of another computer',
    advice: 'WinStream.connect of @uds/pipes opens those; nobody listens on them from here',
  })
}

/** `pipe:name`. Windows only: `ENOTSUP` elsewhere. */
export const pipe: Transport = {
  name: 'pipe',
  capabilities: platform.pipeCapabilities,
  connect: async (address, options = {}) => await platform.connectPipe(ownPipe(address, 'connect'), options),
  listen: async (address, options = {}) => await platform.listenPipe(ownPipe(address, 'listen'), options),
}
