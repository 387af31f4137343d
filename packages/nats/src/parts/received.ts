/** countReceived: a message of another machine is counted, and published for who watches. */
import type { EngineMessage } from '../connection/engine.ts'
import { type CarriedMessage, receivedChannel } from '../diagnostics.ts'
import type { Parts } from './parts.ts'

export const countReceived = (
  { counting, settings }: Pick<Parts, 'counting' | 'settings'>,
  { subject, data }: Pick<EngineMessage, 'subject' | 'data'>,
): void => {
  counting.received++
  counting.receivedBytes += data.length
  if (!receivedChannel.hasSubscribers) return
  const { channel, machine } = settings
  receivedChannel.publish({ channel, machine, subject, bytes: data.length } satisfies CarriedMessage)
}
