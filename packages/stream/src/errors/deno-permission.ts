/** Refusals of Deno's permissions, with the flags that allow the call: https://docs.deno.com/runtime/fundamentals/security/ */
import { dirname } from 'node:path'
import { SocketError } from '@uds/winsock-ffi'
import { runtime } from '@uds/winsock-ffi/internal'

/** The part of Deno's own interface that is used here. */
interface DenoPermissions {
  /** Asks the user where Deno may ask. */
  requestSync(wanted: { readonly name: 'net'; readonly host: string }): { readonly state: string }
}

const refusal = (syscall: string, address: string, flags: string, cause?: unknown): SocketError =>
  new SocketError({
    code: 'ERR_ACCESS_DENIED',
    syscall,
    address,
    detail: "Deno's permissions refuse it",
    advice: `deno run needs ${flags}`,
    cause,
  })

/** `Requires write access to "/tmp/s", run again with the --allow-write flag` */
const REASON = /^Requires \w+ access to "(.*)", run again with the (--allow-\w+) flag/

const flagsFor = (message: string, address: string): string => {
  const [, resource = '', flag = '--allow-all'] = REASON.exec(message) ?? []
  const isFile = /^unix:[^@]/.test(address)
  if (!isFile || flag === '--allow-sys')
    return resource === '' || resource.startsWith('unix:') ? flag : `${flag}=${resource}`
  // Deno names one at a time; a socket file takes all three.
  const directory = dirname(address.slice('unix:'.length))
  return `--allow-read=${directory} --allow-write=${directory} --allow-net`
}

/**
 * An error of Deno's permissions, which has no code, as a SocketError.
 *
 * @returns SocketError `ERR_ACCESS_DENIED`; undefined for any other error.
 */
export const deniedByDeno = (error: unknown, syscall: string, address: string): SocketError | undefined =>
  error instanceof Error && error.name === 'NotCapable'
    ? refusal(syscall, address, flagsFor(error.message, address), error)
    : undefined

/**
 * Asks before a server listens: Deno's refusal of a TCP address leaves its event loop uncaught.
 *
 * @throws SocketError `ERR_ACCESS_DENIED`.
 */
export const requireNetOfDeno = (syscall: string, address: string): void => {
  if (runtime.name !== 'deno' || !address.startsWith('tcp:')) return
  const { permissions } = (globalThis as unknown as { Deno: { permissions: DenoPermissions } }).Deno
  const host = address.slice('tcp:'.length)
  if (permissions.requestSync({ name: 'net', host }).state !== 'granted')
    throw refusal(syscall, address, `--allow-net=${host}`)
}
