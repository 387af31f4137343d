/** refusalOf, versionFault: why a server is not tried again. */
import { SocketError } from '@uds/events'
import { failure, type NatsErrorCode } from '../errors.ts'

const FIRST_MAJOR = 2
const FIRST_MINOR = 10

/** Why a server of this version is not taken; undefined: it is. */
export const versionFault = (version: string | undefined): string | undefined => {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? []
  const isNew = Number(major) > FIRST_MAJOR || (Number(major) === FIRST_MAJOR && Number(minor) >= FIRST_MINOR)
  if (isNew) return undefined
  return `nats-server ${version ?? 'of an unknown version'} is too old: ${FIRST_MAJOR}.${FIRST_MINOR} or later is needed, which knows consumers with several subjects; Debian 13 has 2.10`
}

/** Names of the client's errors that no later attempt mends. */
const CREDENTIALS: ReadonlySet<string> = new Set(['AuthorizationError', 'UserAuthenticationExpiredError'])

const FINAL: ReadonlySet<unknown> = new Set<NatsErrorCode>(['ERR_UNSUPPORTED_SERVER', 'ERR_MACHINE_TAKEN'])

/** The error with which an adapter ends; undefined: it tries again. */
export const refusalOf = (error: unknown): Error | undefined => {
  if (error instanceof SocketError && FINAL.has(error.code)) return error
  if (!(error instanceof Error)) return undefined
  if (CREDENTIALS.has(error.name) || CREDENTIALS.has((error.cause as Error | undefined)?.name ?? ''))
    return failure(
      'connect',
      'ERR_UNAUTHORIZED',
      `nats-server refuses the credentials: ${error.message}`,
      error,
    )
  return error.name === 'InvalidArgumentError' ? error : undefined
}
