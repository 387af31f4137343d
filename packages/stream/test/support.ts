/** What several tests of this package need. */
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { capabilities } from '@uds/winsock-ffi'
import type { Listener } from '@uds/stream'

/** What only the socket files and descriptors of POSIX have. */
export const onPosix: boolean = capabilities().system !== 'win32'

/** Closes the listener when the test ends. */
export const closing = <L extends Listener>(listener: L): L => {
  onTestFinished(async () => await listener.close())
  return listener
}

/** All that the peer sends. Plain iteration would destroy the connection at its end on Node 22, its other half included. */
export const lineOf = async (connection: Duplex): Promise<string> =>
  await text(connection.iterator({ destroyOnReturn: false }))
