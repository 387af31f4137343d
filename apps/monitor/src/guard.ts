import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Decides who may see the page and its data. */
export class Guard {
  readonly #token: Buffer
  readonly #hosts: () => readonly string[]

  /**
   * @param hosts - the names, with the port, by which browsers reach this server. Any other is a page of another site
   *   whose name was made to point here (https://en.wikipedia.org/wiki/DNS_rebinding).
   */
  constructor(token: string, hosts: () => readonly string[]) {
    this.#token = digest(token)
    this.#hosts = hosts
  }

  /** Why a request is refused; undefined when it is not. */
  refusal(
    request: IncomingMessage,
    needs: { readonly token: boolean; readonly origin: boolean },
  ): string | undefined {
    const { host = '', origin } = request.headers
    if (!this.#hosts().includes(host)) return 'this server is not reached by that name'
    if (needs.origin && !this.#hosts().some((name) => origin === `http://${name}`)) {
      return 'only the page of this server may connect'
    }
    if (needs.token) {
      const given = new URL(request.url ?? '/', 'http://localhost').searchParams.get('token') ?? ''
      if (!timingSafeEqual(digest(given), this.#token))
        return 'the token is missing or wrong: use the URL that was printed'
    }
    return undefined
  }
}
