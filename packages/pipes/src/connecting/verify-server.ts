/** Who the server is, asked before the first byte is written. */
import { checkOptions, invalidArgument, SocketError, type PeerCredentials } from '@uds/winsock-ffi'
import { serverDifference } from '@uds/winsock-ffi/internal'
import { callTimeout, type WaitOptions } from '../options/arguments.ts'

/** Options of the functions that connect. */
export interface ConnectOptions {
  /**
   * Refuse a server of another user with `EACCES`: another user could have taken the name first. Undefined: any server that
   * the address leads to.
   */
  readonly verifyServer?: 'sameUser' | undefined
}

/** Whether to verify, of the options of a connect with a time of its own. */
export const readVerifyServer = (options: ConnectOptions | undefined): boolean => {
  checkOptions(options, 'connect', ['verifyServer'])
  return isWanted(options)
}

/** The same, and the timeout, of the options of a connect that takes one. */
export const readConnectOptions = (
  options: (ConnectOptions & WaitOptions) | undefined,
): { timeoutMs: number | undefined; verify: boolean } => ({
  timeoutMs: callTimeout(options, 'connect', ['timeoutMs', 'verifyServer']),
  verify: isWanted(options),
})

const isWanted = (options: ConnectOptions | undefined): boolean => {
  const verify = options?.verifyServer
  if (verify === undefined || verify === 'sameUser') return verify === 'sameUser'
  throw invalidArgument('connect', 'verifyServer', "'sameUser' or undefined", verify)
}

interface Connected {
  peerCredentials(): PeerCredentials
  close(): void
}

/** Closes the stream and throws `EACCES` unless the system vouches for the server being this user's. */
export const requireSameUser = (stream: Connected, address: string): void => {
  let detail: string
  try {
    const difference = serverDifference(stream.peerCredentials())
    if (difference === undefined) return
    detail = `the server is not known to be the same user: it ${difference}`
  } catch (error) {
    detail = `the user of the server could not be told: ${(error as Error).message}`
  }
  stream.close()
  throw new SocketError({
    code: 'EACCES',
    syscall: 'connect',
    address,
    detail,
    advice: "without verifyServer: 'sameUser' any server of the name is taken",
  })
}
