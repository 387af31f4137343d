/** Names to addresses: by a table or a function of the host, else by the system. */
import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { canonical } from './address.ts'
import { Failure } from '../outcome/failure.ts'

/** How names are resolved: a table, or a function that returns IP addresses (none = no such name). */
export type ResolveOption =
  | Readonly<Record<string, readonly string[]>>
  | ((host: string) => readonly string[] | undefined | Promise<readonly string[] | undefined>)

/** Families in turn, IPv6 first, each in the order it came: RFC 8305, section 4. */
export const interleave = (addresses: readonly string[]): string[] => {
  const six = addresses.filter((each) => isIP(each) === 6)
  const four = addresses.filter((each) => isIP(each) === 4)
  const mixed: string[] = []
  for (let index = 0; index < Math.max(six.length, four.length); index += 1) {
    if (six[index] !== undefined) mixed.push(six[index]!)
    if (four[index] !== undefined) mixed.push(four[index]!)
  }
  return mixed
}

const noSuchName = (host: string): Failure => new Failure('ENOTFOUND', `the name ${host} has no address`)

const bySystem = (host: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true, order: 'verbatim' }, (error, addresses) => {
      if (error) reject(error)
      else resolve(addresses.map(({ address }) => address))
    })
  })

export class Resolver {
  readonly #option: ResolveOption | undefined

  constructor(option: ResolveOption | undefined) {
    this.#option = option
  }

  /**
   * What the host itself says of a name: from its table, at once.
   *
   * @returns undefined when the system has to be asked; a promise when a function has.
   */
  fromHost(host: string): readonly string[] | Promise<readonly string[] | undefined> | undefined {
    if (isIP(host)) return [canonical(host)]
    if (this.#option === undefined) return undefined
    if (typeof this.#option === 'function') return Promise.resolve(this.#option(host))
    return Object.hasOwn(this.#option, host) ? this.#option[host] : undefined
  }

  async resolve(host: string): Promise<readonly string[]> {
    const own = await this.fromHost(host)
    const found = own ?? (typeof this.#option === 'function' ? [] : await bySystem(host))
    const addresses = interleave([...new Set(found.filter((each) => isIP(each) !== 0).map(canonical))])
    if (addresses.length === 0) throw noSuchName(host)
    return addresses
  }

  /** The same for `net.connect`, which tries the addresses that it gets in turn. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    void this.#lookup(host, options.all === true, callback)
  }

  async #lookup(host: string, all: boolean, callback: Parameters<LookupFunction>[2]): Promise<void> {
    let entries: LookupAddress[]
    try {
      entries = (await this.resolve(host)).map((address) => ({ address, family: isIP(address) }))
    } catch (error) {
      callback(error as NodeJS.ErrnoException, [], 0)
      return
    }
    if (all) callback(null, entries)
    else callback(null, entries[0]!.address, entries[0]!.family)
  }
}
