/** checkName, checkEventName: which texts name an event, request or room. */
import { invalidArgument, invalidValue } from '@uds/winsock-ffi'

/** What `on` uses itself: no event of a map may have such a name. */
export const reservedNames = [
  'connect',
  'connectError',
  'connection',
  'disconnect',
  'drain',
  'close',
  'error',
] as const

/** A name that `on` uses for what happens to the connection. */
export type ReservedName = (typeof reservedNames)[number]

const reserved: ReadonlySet<string> = new Set(reservedNames)

/** The longest name, in UTF-8 bytes. */
export const MAX_NAME_BYTES = 255

/** Why a text cannot be a name, or undefined. */
export const nameFault = (name: string): string | undefined => {
  if (name === '') return 'must not be empty'
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `must be at most ${MAX_NAME_BYTES} bytes`
  if (name.includes('\0')) return 'must not contain NUL'
  if (!name.isWellFormed()) return 'must be well-formed Unicode'
  return undefined
}

/** Refuses what cannot be the name of an event, request or room. */
export const checkName = (where: string, name: unknown): void => {
  if (typeof name !== 'string') throw invalidArgument(where, 'name', 'a string', name)
  const fault = nameFault(name)
  if (fault !== undefined) throw invalidValue(where, 'name', fault, name)
}

/** The same for the name of an event, which must not be one that `on` uses itself, or takes for a pattern. */
export const checkEventName = (where: string, name: unknown): void => {
  checkName(where, name)
  if ((name as string).includes('*'))
    throw invalidValue(where, 'name', 'has a *: on() takes that for a pattern; choose another', name)
  if (!reserved.has(name as string)) return
  throw invalidValue(where, 'name', 'is used for what happens to the connection; choose another', name)
}

/** True for the names that `on` uses for what happens to the connection. */
export const isReserved = (name: string): name is ReservedName => reserved.has(name)

/** The requests that this package makes of its own servers, beside those of a map. */
export const JOIN = '$uds:join'
export const LEAVE = '$uds:leave'
export const PEERS = '$uds:peers'
/** What nodes ask of the one that serves: to say something to all. */
export const BROADCAST = '$uds:broadcast'
export const WORK = '$uds:work'
/** Before the name of a work queue: the request that has one of its messages. */
export const WORK_PREFIX = '$uds:work:'
export const ASK = '$uds:ask'
export const ASK_STREAM = '$uds:ask-stream'
/** Asks a server how it is; see `report` of `@uds/events/report`. */
export const REPORT = '$uds:report'

/** Names of the requests of this package begin with this: no contract lists them. */
export const OWN_NAMES = '$uds:'

/** Refuses what cannot be the name of a work queue. */
export const checkWorkName = (where: string, name: unknown): void => {
  checkName(where, name)
  checkName(where, WORK_PREFIX + (name as string))
}
