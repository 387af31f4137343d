/**
 * The system: the only file of the package that reads `process.platform`. `other` is a system where Node has AF_UNIX,
 * and @uds/winsock-ffi makes no calls.
 */
export type System = 'linux' | 'darwin' | 'win32' | 'other'

const known: Partial<Record<NodeJS.Platform, System>> = {
  linux: 'linux',
  android: 'linux',
  darwin: 'darwin',
  win32: 'win32',
}

export const system: System = known[process.platform] ?? 'other'
