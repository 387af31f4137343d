/** Policy, Permissions: what a guest may connect to, bind and resolve. */
import { isIP } from 'node:net'
import { invalidArgument, invalidValue } from '@uds/winsock-ffi'
import type { Address, Kind } from '../network/address.ts'
import { Failure, failureOf, Stopped } from '../outcome/failure.ts'
import type { Target } from '../network/target.ts'
import { showTarget } from '../network/target.ts'
import { ResolvedNames } from './resolved-names.ts'
import { absolutePath, parseHost, parsePattern, showAccess, type Pattern, type Access } from './pattern.ts'

export type Action = 'connect' | 'bind' | 'resolve'

/** What was decided about a wish of the guest, for `sockets.trace`. */
export interface Decision {
  readonly action: Action
  /** What the guest asked for, by the name that it used: `db.internal:5432`. */
  readonly address: string
  /** `fail` follows an `allow` or a `route`: the connection could not be made. The guest sees no more than an errno. */
  readonly decision: 'allow' | 'route' | 'deny' | 'fail'
  /** The rule of `allow` or the key of `route` that decided. */
  readonly rule?: string
  /** Where the route leads. */
  readonly target?: string
  /** Of `fail`: the code of the error, as Node spells it. */
  readonly code?: string
  /** Of `fail`: why, in words. */
  readonly reason?: string
}

/** What a guest may connect to. */
export interface Permitted {
  readonly target: Target
  /** Traces that no connection could be made. */
  readonly failed: (error: unknown) => void
}

/** The rules of a host, read and checked. Plain data, so that they can go to another thread. */
export interface Policy {
  readonly allow: readonly string[]
  readonly routes: readonly { readonly key: string; readonly target: Target }[]
}

interface Rule {
  readonly text: string
  readonly action: Action
  readonly pattern: Pattern
}

interface Route {
  readonly key: string
  readonly action: 'connect' | 'bind'
  readonly pattern: Pattern
  readonly target: Target
}

const actions: readonly Action[] = ['connect', 'bind', 'resolve']

const parseRule = (text: string): Rule => {
  const where = 'sockets.allow'
  if (typeof text !== 'string') throw invalidArgument(where, 'a rule', 'a string', text)
  const at = text.indexOf(':')
  const action = actions.find((each) => each === text.slice(0, at))
  if (action === undefined) {
    throw invalidValue(
      where,
      'a rule',
      `must begin with ${actions.map((each) => `${each}:`).join(', ')}`,
      text,
    )
  }
  const rest = text.slice(at + 1)
  if (action !== 'resolve')
    return { text, action, pattern: parsePattern(rest, `${where} ${JSON.stringify(text)}`) }
  const matchesHost = parseHost(rest, `${where} ${JSON.stringify(text)}`)
  return { text, action, pattern: { matchesHost, matches: () => false } }
}

const parseRoute = ({ key, target }: Policy['routes'][number]): Route => {
  const bind = key.startsWith('bind:')
  const where = `sockets.route ${JSON.stringify(key)}`
  return {
    key,
    action: bind ? 'bind' : 'connect',
    pattern: parsePattern(bind ? key.slice(5) : key, where),
    target,
  }
}

const accessOf = (kind: Kind, address: Address, hosts: readonly string[]): Access => {
  if (address.family === 'unix') return { protocol: 'unix', path: absolutePath(address.path) }
  return { protocol: kind === 'stream' ? 'tcp' : 'udp', hosts, port: address.port }
}

const plain = (address: Address): Target =>
  address.family === 'unix'
    ? { kind: 'unix', path: absolutePath(address.path) }
    : { kind: 'ip', host: address.host, port: address.port }

/** Decides what a guest may reach, and what its addresses mean. Nothing is allowed that no rule and no route names. */
export class Permissions {
  readonly #rules: readonly Rule[]
  readonly #routes: readonly Route[]
  readonly #names = new ResolvedNames()
  readonly #trace: (decision: Decision) => void

  constructor(policy: Policy, trace: (decision: Decision) => void) {
    this.#rules = policy.allow.map(parseRule)
    this.#routes = policy.routes.map(parseRoute)
    this.#trace = trace
  }

  #decide(action: 'connect' | 'bind', wish: Access, allowed: Target): Permitted {
    const address = showAccess(wish)
    const route = this.#routes.find((each) => each.action === action && each.pattern.matches(wish))
    if (route) {
      const { key, target } = route
      return this.#permit(
        { action, address, decision: 'route', rule: key, target: showTarget(target) },
        target,
      )
    }
    const rule = this.#rules.find((each) => each.action === action && each.pattern.matches(wish))
    if (rule) {
      return this.#permit({ action, address, decision: 'allow', rule: rule.text }, allowed)
    }
    this.#trace({ action, address, decision: 'deny' })
    throw new Failure(
      'EACCES',
      `${action} ${address} is not allowed: add ${JSON.stringify(`${action}:${address}`)} to sockets.allow, or a route for ${JSON.stringify(address)}`,
    )
  }

  #permit(decision: Decision, target: Target): Permitted {
    this.#trace(decision)
    return {
      target,
      failed: (error) => {
        // The guest was ended, or has closed its socket: nothing has failed.
        if (error instanceof Stopped) return
        const { code, detail } = failureOf(error)
        if (code !== 'ECONNABORTED') this.#trace({ ...decision, decision: 'fail', code, reason: detail })
      },
    }
  }

  /** Where a connection to an address of the guest goes. */
  connect(kind: Kind, address: Address): Permitted {
    const hosts = address.family === 'unix' ? [] : this.#names.of(address.host)
    return this.#decide('connect', accessOf(kind, address, hosts), plain(address))
  }

  /** Where a connection to a name goes, that the host resolves. */
  connectHost(host: string, port: number): Permitted {
    const name = host.toLowerCase()
    const hosts = isIP(host) ? this.#names.of(host) : [name]
    return this.#decide('connect', { protocol: 'tcp', hosts, port }, { kind: 'ip', host, port })
  }

  /** Where a socket is bound that the guest binds to an address. */
  bind(kind: Kind, address: Address): Target {
    const hosts = address.family === 'unix' ? [] : [address.host]
    return this.#decide('bind', accessOf(kind, address, hosts), plain(address)).target
  }

  /**
   * Decides whether a name may be resolved.
   *
   * @returns The addresses that stand for it when a route leads it elsewhere, undefined when it is to be looked up.
   */
  resolve(host: string): { readonly inet: string; readonly inet6: string } | undefined {
    // An address is no name: whether it may be dialled is decided when it is.
    if (isIP(host)) return undefined
    const name = host.toLowerCase()
    const route = this.#routes.find((each) => each.action === 'connect' && each.pattern.matchesHost(name))
    if (route) {
      this.#trace({ action: 'resolve', address: name, decision: 'route', rule: route.key })
      return this.#names.standIn(name)
    }
    const rule = this.#rules.find((each) => each.action !== 'bind' && each.pattern.matchesHost(name))
    if (rule) {
      this.#trace({ action: 'resolve', address: name, decision: 'allow', rule: rule.text })
      return undefined
    }
    this.#trace({ action: 'resolve', address: name, decision: 'deny' })
    throw new Failure(
      'EACCES',
      `resolve ${name} is not allowed: add "resolve:${name}" or "connect:${name}:PORT" to sockets.allow`,
    )
  }

  /** Notes what a name was resolved to, so that the addresses may be dialled where the name may. */
  resolved(host: string, addresses: readonly string[]): void {
    this.#names.resolved(host.toLowerCase(), addresses)
  }
}

/** Reads the rules, so that a wrong one throws when the host is made, and not when a guest runs into it. */
export const checkPolicy = (policy: Policy): void => {
  policy.allow.map(parseRule)
  policy.routes.map(parseRoute)
}
