/** Who processes are, as each system reports it: posix.ts and win32.ts. */
import type { PeerCredentials } from '../credentials/peer-credentials.ts'

export interface UserIdentity {
  /** This process, as its peers see it. */
  thisProcess(): PeerCredentials
  /** Why no peer can be known to be the same user as this process; undefined where one can. */
  whyNobody(): string | undefined
  /** Why a peer is not known to be the same user, in words that follow "it"; undefined for the same user. */
  difference(peer: PeerCredentials): string | undefined
}
