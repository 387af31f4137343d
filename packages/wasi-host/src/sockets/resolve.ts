/** Names to addresses, as far as they are allowed. */
import type { IpAddress } from '../network/address.ts'
import { Failure } from '../outcome/failure.ts'
import { after, type Outcome } from '../outcome/sync-promise.ts'
import type { SocketContext } from './context.ts'

/** What is wanted of a name. */
export interface Question {
  readonly host: string
  readonly port: number
  /** @default both */
  readonly family: 'inet' | 'inet6' | undefined
  /** The most addresses that the guest has memory for. */
  readonly most: number
}

export const resolve = (
  { network, permissions }: SocketContext,
  question: Question,
): Outcome<readonly IpAddress[]> => {
  const { host, port, family, most } = question
  if (host === '') throw new Failure('ENOENT', 'the name is empty')
  const standIn = permissions.resolve(host)
  if (standIn) {
    const made = family === 'inet6' ? standIn.inet6 : standIn.inet
    return most > 0 ? [{ family: family ?? 'inet', host: made, port }] : []
  }
  return after(network.resolve(host), (addresses) => {
    const fitting = addresses
      .map((each): IpAddress => ({ family: each.includes(':') ? 'inet6' : 'inet', host: each, port }))
      .filter((each) => family === undefined || each.family === family)
    if (fitting.length === 0)
      throw new Failure('ENOENT', `the name ${host} has no address of the family ${family}`)
    const given = fitting.slice(0, most)
    permissions.resolved(
      host,
      given.map((each) => each.host),
    )
    return given
  })
}
