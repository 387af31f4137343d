/** The transport pipe: named pipes of Windows. */
import { SocketError } from '@uds/winsock-ffi'
import { formatAddress, type PipeAddress } from '@uds/winsock-ffi/internal'
import { platform } from './select.ts'
import type { Transport } from '../transport.ts'
import { connectOwn, parseListenAddress } from './scheme.ts'
import { CONNECT_OPTIONS, refuseMisspelt } from '../options/misspelt.ts'

/**
 * A client of another computer's pipe shows that computer who its user is, so a text from a configuration must not be
 * enough for it.
 *
 * @throws SocketError `ENOTSUP` for a pipe of another computer.
 */
const requireLocal = (pipe: PipeAddress, syscall: 'connect' | 'listen'): PipeAddress => {
  if (pipe.host === undefined) return pipe
  throw new SocketError({
    code: 'ENOTSUP',
    syscall,
    address: formatAddress(pipe),
    detail: 'the pipe is one of another computer',
    advice: 'WinStream.connect of @uds/pipes opens those; nobody listens on them from here',
  })
}

/** `pipe:name`. Windows only: `ENOTSUP` elsewhere. */
export const pipe: Transport = {
  name: 'pipe',
  capabilities: platform.pipeCapabilities,
  connect: async (address, options = {}) => {
    refuseMisspelt(options, 'connect', CONNECT_OPTIONS)
    return await connectOwn(address, 'pipe', (to) =>
      platform.connectPipe(requireLocal(to, 'connect'), options),
    )
  },
  listen: async (address, options = {}) =>
    await platform.listenPipe(requireLocal(parseListenAddress(address, 'pipe'), 'listen'), options),
}
