/** The security identifier of the user of a process. */
import type { PeerCredentials } from '../credentials/peer-credentials.ts'
import { sidOfProcess } from '../credentials/win32.ts'
import type { UserIdentity } from './user-identity.ts'

let sid: string | undefined

/** The SID of this process, whose user does not change while it lives. */
export const ownSid = (): string => (sid ??= sidOfProcess(process.pid))

/** Why a peer is not known to be the user `own`; undefined for the same user. */
export const sidDifference = ({ pid, sid: peer }: PeerCredentials, own: string): string | undefined => {
  const who = pid === undefined ? '' : ` (process ${pid})`
  if (peer === undefined) return `has no SID that the system tells${who}`
  return peer === own ? undefined : `runs as ${peer}${who}, and this process as ${own}`
}

export const identity: UserIdentity = {
  thisProcess: () => ({ pid: process.pid, uid: undefined, gid: undefined, sid: ownSid() }),
  whyNobody: () => undefined,
  difference: (peer) => sidDifference(peer, ownSid()),
}
