/** Rows of `uds ls`. */

/** A process that has a socket open. */
export interface Holder {
  readonly pid: number
  readonly command: string
}

/** A local socket or a pipe. */
export interface Entry {
  /** The address for `uds connect`; undefined for a socket without a name. */
  readonly address: string | undefined
  readonly type: 'stream' | 'datagram' | 'seqpacket' | 'pipe'
  readonly state: 'listening' | 'bound' | 'connected' | 'unconnected'
  /** The name of the owner, or the uid where it has none; undefined where unknown. */
  readonly user: string | undefined
  /** Empty where unknown: mostly, processes of other users. */
  readonly processes: readonly Holder[]
}

/** Lists the sockets or pipes of one system. */
export type ListSockets = () => Entry[]
