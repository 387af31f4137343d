/** The effective uid, which SO_PEERCRED shows to others: credentials(7), unix(7). */
import { userInfo } from 'node:os'
import type { PeerCredentials } from '../credentials/peer-credentials.ts'
import type { UserIdentity } from './user-identity.ts'
import { userNamespace, type UserNamespace } from './user-namespace.ts'

/** The effective uid. */
export const ownUid = (): number => process.geteuid?.() ?? userInfo().uid

const isOverflow = (uid: number, { complete, overflowUid }: UserNamespace): boolean =>
  !complete && uid === overflowUid

const looksAsMany = (uid: number): string =>
  `uid ${uid} in this user namespace stands for every user who has no number in it`

/**
 * Why a peer is not known to be the user `own`; undefined for the same user.
 *
 * @param own - An effective uid.
 */
export const uidDifference = (
  { pid, uid }: PeerCredentials,
  own: number,
  namespace: UserNamespace,
): string | undefined => {
  if (uid === undefined) return 'has no uid that the system reports'
  const who = pid === undefined ? `runs as uid ${uid}` : `runs as uid ${uid} (process ${pid})`
  if (uid !== own) return `${who}, and this process as uid ${own}`
  if (isOverflow(uid, namespace)) return `${who}, and ${looksAsMany(uid)}`
  // What a system fills with zeros when it does not know.
  if (uid === 0 && pid === undefined)
    return 'runs as uid 0 in no process that the system reports, which may mean unknown'
  return undefined
}

export const identity: UserIdentity = {
  thisProcess: () => ({ pid: process.pid, uid: ownUid(), gid: process.getegid?.(), sid: undefined }),
  whyNobody: () => {
    const own = ownUid()
    return isOverflow(own, userNamespace())
      ? `this process runs as uid ${own}, and ${looksAsMany(own)}`
      : undefined
  },
  difference: (peer) => uidDifference(peer, ownUid(), userNamespace()),
}
