/** Whether a peer is the same user as this process, and why not. */
import type { PeerCredentials } from '../credentials/peer-credentials.ts'
import { system } from '../system.ts'
import { identity as posix } from './posix.ts'
import type { UserIdentity } from './user-identity.ts'
import { identity as win32 } from './win32.ts'

const identity: UserIdentity = system === 'win32' ? win32 : posix

/** This process as its peers see it: its effective user and group, or its SID. */
export const thisProcess = (): PeerCredentials => identity.thisProcess()

/**
 * Why no peer can be known to be the same user as this process: it has the overflow uid of a user namespace, which
 * stands for many users. Undefined in every other process.
 */
export const whyNobodyIsSameUser = (): string | undefined => identity.whyNobody()

/**
 * Why a peer is not known to be the same user as this process, in words that follow "it": `runs as uid 0 (process 7), and
 * this process as uid 1000`. Undefined for the same user. Effective users are compared, as the system reports those.
 */
export const userDifference = (peer: PeerCredentials): string | undefined => identity.difference(peer)

/** True when a peer is known to be the same user as this process. */
export const isSameUser = (peer: PeerCredentials): boolean => identity.difference(peer) === undefined

/** The system reports the user of the time of listen(2), and root is the one whose rights most drop. */
const dropped =
  '; the system tells the user who called listen, so a server that listened as root and gave its rights up since then looks like this'

/**
 * The same of a server, for the client that asks who it is.
 *
 * @param peer - The credentials of a connection that this process made.
 */
export const serverDifference = (peer: PeerCredentials): string | undefined => {
  const difference = identity.difference(peer)
  return difference !== undefined && peer.uid === 0 && thisProcess().uid !== 0
    ? difference + dropped
    : difference
}

/** A peer in words: `process 7, uid 1000`. */
export const describePeer = ({ pid, uid, sid }: PeerCredentials): string =>
  [pid !== undefined && `process ${pid}`, uid !== undefined && `uid ${uid}`, sid]
    .filter(Boolean)
    .join(', ') || 'a peer without credentials'
