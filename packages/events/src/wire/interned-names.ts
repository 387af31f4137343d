/** OutgoingNames, IncomingNames: each name crosses a connection once. */
import { failure } from '../errors/errors.ts'
import { checkEventName, checkName, isReserved, nameFault } from '../names.ts'

/**
 * The ids of the names that one end sends. An id stays with its name for as long as the end lives; each connection is
 * sent the meaning once. A server shares one table among all its peers, so that a broadcast is encoded once.
 */
export class OutgoingNames {
  readonly #ids = new Map<string, number>()
  readonly #names: string[] = ['']
  readonly #limit: number
  #reserved = false

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The id of a name; ids begin with 1. */
  idOf(name: string): number {
    return this.#ids.get(name) ?? this.#add(name)
  }

  /** The id of the name of an event. */
  idOfEvent(where: string, name: string): number {
    const id = this.#ids.get(name) ?? 0
    // A request may have a name that an event may not have.
    if (id === 0 || this.#reserved) checkEventName(where, name)
    return id === 0 ? this.#add(name) : id
  }

  nameOf(id: number): string {
    return this.#names[id] as string
  }

  #add(name: string): number {
    checkName('emit', name)
    if (this.#names.length > this.#limit) {
      throw failure(
        'emit',
        'ERR_TOO_MANY_NAMES',
        `more than ${this.#limit} different names; use few and send data`,
      )
    }
    const id = this.#names.push(name) - 1
    this.#ids.set(name, id)
    if (isReserved(name)) this.#reserved = true
    return id
  }
}

/** The names that the other end has defined on this connection. */
export class IncomingNames {
  readonly #names: (string | undefined)[] = []
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Learns a name; the same id may be defined again. */
  learn(id: number, name: string): void {
    const fault = nameFault(name)
    if (fault !== undefined) throw failure('read', 'ERR_INVALID_NAME', `a name ${fault}`)
    if (id < 1 || id > this.#limit) {
      throw failure('read', 'ERR_TOO_MANY_NAMES', `the name id ${id}; the limit is ${this.#limit}`)
    }
    this.#names[id] = name
  }

  get(id: number): string {
    const name = this.#names[id]
    if (name === undefined) throw failure('read', 'ERR_PROTOCOL', `the name id ${id} was never defined`)
    return name
  }
}
