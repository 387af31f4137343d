/** Whether a listener of this process is shared with other workers of node:cluster. */
import type { Cluster } from 'node:cluster'
import type { ListenOptions } from '../transport.ts'

/** Loaded in child processes only: the module costs a primary process 3 ms. */
const cluster = (): Cluster | undefined =>
  process.channel ? (process.getBuiltinModule('node:cluster') as unknown as Cluster) : undefined

/** True in a worker process of node:cluster, whose net.Servers listen through the primary process. */
export const isClusterWorker = (): boolean => cluster()?.isWorker ?? false

/** True when `listen` shares its socket with the workers that listen at the same address. */
export const isShared = ({ exclusive = false }: ListenOptions): boolean => !exclusive && isClusterWorker()
