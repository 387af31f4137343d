/** All users share the names of pipes, so the user's own identifier becomes a part of the name. */
import type { PipeAddress } from '../address-text/types.ts'
import { ownSid } from '../identity/win32.ts'
import type { NameResolver } from './name-resolver.ts'

const pipeOf = (name: string): PipeAddress => ({ scheme: 'pipe', name: `uds-${ownSid()}-${name}` })

export const names: NameResolver = {
  serverAddress: pipeOf,
  clientAddress: pipeOf,
  advice: () =>
    `is the server started? Names belong to one user (here ${ownSid()}): a server of another user, such as a service, has its own`,
  describe: () => `\\\\.\\pipe\\uds-${ownSid()}-NAME (pipes of this user)`,
}
