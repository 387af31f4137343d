/** Addresses as text. */
import { escapeAbstractName } from '../address/abstract-name.ts'
import { VsockAddress } from '../address/vsock-address.ts'
import { fullPipeName } from './pipe-name.ts'
import type { Address } from './types.ts'

/** Writes an address so that `parseAddress` reads the same. */
export const formatAddress = (address: Address): string => {
  switch (address.scheme) {
    case 'unix':
      if ('abstract' in address) return `unix:@${escapeAbstractName(address.abstract)}`
      return `unix:${address.path.startsWith('@') ? './' : ''}${address.path}`
    case 'tcp':
      return `tcp:${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
    case 'vsock':
      return new VsockAddress(address.cid, address.port).toString()
    case 'fd':
      return `fd:${address.fd}`
    case 'pipe':
      return address.host === undefined ? `pipe:${address.name}` : fullPipeName(address)
    default:
      return `${address.scheme}:${address.name}`
  }
}
