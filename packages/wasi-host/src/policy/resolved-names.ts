/** ResolvedNames: the names by which a guest has found an IP address. */
import { isIP } from 'node:net'
import { canonical } from '../network/address.ts'
import { Failure } from '../outcome/failure.ts'

/** Most addresses that a guest may get for names; a hostile one asks for more. */
const MOST_ADDRESSES = 4096

/**
 * The names that a guest has resolved. It dials addresses, and rules and routes speak of names: this leads back.
 *
 * A name that a route leads elsewhere need not exist. It gets an address that stands for it here alone, out of the
 * ranges that no network uses: 198.18.0.0/15 (RFC 2544) and a unique local prefix (RFC 4193).
 */
export class ResolvedNames {
  readonly #byAddress = new Map<string, Set<string>>()
  readonly #stands = new Map<string, { readonly inet: string; readonly inet6: string }>()

  #note(address: string, name: string): void {
    const known = this.#byAddress.get(address)
    if (known) known.add(name)
    else if (this.#byAddress.size < MOST_ADDRESSES) this.#byAddress.set(address, new Set([name]))
    else throw new Failure('ENOBUFS', `the guest has resolved names to more than ${MOST_ADDRESSES} addresses`)
  }

  /** Notes what a name was resolved to. */
  resolved(name: string, addresses: readonly string[]): void {
    if (isIP(name) === 0) for (const address of addresses) this.#note(address, name)
  }

  /** The addresses that stand for a name. */
  standIn(name: string): { readonly inet: string; readonly inet6: string } {
    const known = this.#stands.get(name)
    if (known) return known
    const number = this.#stands.size + 1
    const inet = `198.${18 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`
    const inet6 = canonical(`fd75:6473::${number.toString(16)}`)
    this.#note(inet, name)
    this.#note(inet6, name)
    const made = { inet, inet6 }
    this.#stands.set(name, made)
    return made
  }

  /** An address and all the names that were resolved to it. */
  of(address: string): string[] {
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
    const plain = mapped === undefined ? [address] : [address, mapped]
    return [...plain, ...plain.flatMap((each) => [...(this.#byAddress.get(each) ?? [])])]
  }
}
