/** Memory for what clones have in common, all zero. */

/** False in Electron's windows, unless their page is isolated from other origins. */
export const canShare = (): boolean => typeof SharedArrayBuffer !== 'undefined'

export const isShared = (memory: unknown): boolean => canShare() && memory instanceof SharedArrayBuffer

/** Where no memory can be shared no clone can leave its thread either: then memory of one thread does. */
export const makeMemory = (bytes: number): SharedArrayBuffer =>
  canShare() ? new SharedArrayBuffer(bytes) : (new ArrayBuffer(bytes) as unknown as SharedArrayBuffer)
