/** inWorker: whether this is a thread of a Worker. */

let found: boolean | undefined

/** True in a thread of a Worker. `node:worker_threads` is loaded when it is asked for, and not by an import. */
export const inWorker = (): boolean =>
  (found ??= !process.getBuiltinModule('node:worker_threads').isMainThread)
