/** A process that has a socket open. */
export interface Holder {
  readonly pid: number
  readonly command: string
}

/** A local socket or a pipe. */
export interface Entry {
  /** As it is given to `uds connect`; undefined for a socket without a name. */
  readonly address: string | undefined
  readonly type: 'stream' | 'datagram' | 'seqpacket' | 'pipe'
  readonly state: 'listening' | 'bound' | 'connected' | 'unconnected'
  /** The name of the user it belongs to, or the number where it has none; undefined where it cannot be told. */
  readonly user: string | undefined
  /** Empty where it cannot be told: mostly, processes of other users. */
  readonly processes: readonly Holder[]
}

/** Lists what there is. */
export type ListSockets = () => Entry[]
