/** Refusals of Node's permission model, and of Deno's, with the flags that allow the call: https://nodejs.org/api/permissions.html */
import { dirname } from 'node:path'
import { SocketError } from '@uds/winsock-ffi'
import { deniedByDeno, requireNetOfDeno } from './deno-permission.ts'

const refusal = (syscall: string, address: string, flags: string, cause?: unknown): SocketError =>
  new SocketError({
    code: 'ERR_ACCESS_DENIED',
    syscall,
    address,
    detail: `Node's permission model refuses it`,
    advice: `under --permission, node needs ${flags}`,
    cause,
  })

/**
 * An error of Node's permission model, or of Deno's, as a SocketError.
 *
 * @returns SocketError `ERR_ACCESS_DENIED`; undefined for any other error.
 */
export const denied = (error: unknown, syscall: string, address: string): SocketError | undefined => {
  const { code, permission, resource } = error as { code?: string; permission?: string; resource?: string }
  if (error instanceof SocketError) return undefined
  if (code !== 'ERR_ACCESS_DENIED' || !permission?.startsWith('FileSystem'))
    return deniedByDeno(error, syscall, address)
  // A listener looks at the directory of its socket, and makes and renames files in it.
  const directory = resource ? dirname(resource) : 'DIRECTORY'
  return refusal(syscall, address, `--allow-fs-read=${directory} --allow-fs-write=${directory}`, error)
}

/** Where the descriptors of this process lead, as paths: proc(5). */
const DESCRIPTORS = '/proc/self/fd'

/**
 * For a listener with a mode or an owner, which are set through a descriptor, so that no other user can redirect them.
 *
 * @throws SocketError `ERR_ACCESS_DENIED` under `node --permission` without the flags for /proc/self/fd.
 */
export const requireDescriptorPaths = (address: string): void => {
  const permission = process.permission as NodeJS.ProcessPermission | undefined
  if (!permission || (permission.has('fs.read', DESCRIPTORS) && permission.has('fs.write', DESCRIPTORS)))
    return
  throw refusal(
    'listen',
    address,
    `--allow-fs-read=${DESCRIPTORS} --allow-fs-write=${DESCRIPTORS} as well, for mode, uid and gid`,
  )
}

/** The permission is there since Node 25. */
const canBeRefused = (): boolean => process.allowedNodeEnvironmentFlags.has('--allow-net')

/**
 * Asks before the call: Node's error has no advice, or leaves its event loop uncaught (`listen` in lib/net.js of
 * Node 26).
 *
 * @throws SocketError `ERR_ACCESS_DENIED` under `node --permission` and in Deno, without `--allow-net`.
 */
export const requireNet = (syscall: string, address: string): void => {
  const permission = process.permission as NodeJS.ProcessPermission | undefined
  if (permission && canBeRefused() && !permission.has('net')) throw refusal(syscall, address, '--allow-net')
  requireNetOfDeno(syscall, address)
}
