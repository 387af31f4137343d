/** Emits: events of clients for the listeners of other machines, and what those say to a single client. */
import type { Adapter, RemoteClient } from '@uds/events'
import type { EngineMessage } from '../connection/engine.ts'
import { failure } from '../errors.ts'
import { BYTES_HEADER, checkSize, headersOf, sizeOf } from '../payload/payload.ts'
import type { Parts } from '../parts/parts.ts'
import { countReceived } from '../parts/received.ts'
import { type LocalClient, placeOf, readClient } from '../subjects/clients.ts'
import { nameFilter, type NameFilter } from '../subjects/patterns.ts'
import { escapeToken, unescapeToken } from '../subjects/token.ts'

type Listener = ReturnType<NonNullable<Adapter['listener']>>
type Action = 'emit' | 'join' | 'leave'

/** What is said to a client, as a token. */
const LETTERS: Readonly<Record<Action, string>> = { emit: 'e', join: 'j', leave: 'l' }

export class Emits {
  readonly #parts: Parts
  readonly #events: NameFilter
  readonly #rooms: NameFilter

  constructor(parts: Parts) {
    this.#parts = parts
    this.#events = nameFilter(parts.settings.forward.events)
    this.#rooms = nameFilter(parts.settings.forward.rooms)
  }

  begin(): void {
    const { engine, space, settings } = this.#parts
    if (settings.forward.events.length > 0)
      engine.subscribe(space.of('v', '*', '*', '*'), undefined, (message) => this.#heard(message))
    engine.subscribe(space.of('p', space.machine, '*', '*', '*'), undefined, (message) => this.#told(message))
  }

  /** The listener of an event that nobody listens to here. */
  listener(name: string): Listener {
    if (!this.#events(name)) return undefined
    const token = escapeToken(name)
    return (data, peer) => this.#forward(token, data, peer as LocalClient)
  }

  /** A promise holds the client back: more than that the queue takes. */
  #forward(event: string, data: unknown, peer: LocalClient): Promise<void> | undefined {
    const { space, outlet, payloads, clients, engine, settings } = this.#parts
    const subject = space.of('v', space.machine, clients.tokenOf(peer), event)
    const { payload, isBytes } = payloads.write(data)
    checkSize('emit', sizeOf(payload), engine.maxPayload)
    const waits = settings.offline.policy === 'wait'
    const goesOn =
      !isBytes && payloads.batches && typeof payload === 'string' && payload !== ''
        ? outlet.putText(subject, payload, waits)
        : outlet.put(subject, payload, headersOf({ [BYTES_HEADER]: isBytes ? '1' : undefined }), waits)
    return goesOn || !waits ? undefined : outlet.room()
  }

  #heard(message: EngineMessage): void {
    const { space, payloads, host } = this.#parts
    countReceived(this.#parts, message)
    const [machine = '', client = '', token = ''] = space.tokensOf(message.subject)
    const name = unescapeToken(token)
    const from = readClient(machine, client)
    if (name === undefined || from === undefined || machine === space.machine || !this.#events(name)) return
    const to = host()
    if (!to.listens(name)) return
    for (const data of payloads.readAll(message)) to.event(name, data, from)
  }

  /** Says something to a client of another machine. */
  tell(client: RemoteClient, action: Action, name: string, data: unknown): boolean {
    const allowed = action === 'emit' ? this.#events(name) : this.#rooms(name)
    if (!allowed) {
      const list = action === 'emit' ? 'forward.events' : 'forward.rooms'
      throw failure(action, 'ENOTSUP', `'${name}' may not leave this machine: ${list} does not name it`)
    }
    const { space, outlet, payloads, engine } = this.#parts
    const { payload, isBytes } = payloads.write(data)
    checkSize(action, sizeOf(payload), engine.maxPayload)
    const subject = space.of('p', ...placeOf(client), LETTERS[action], escapeToken(name))
    return outlet.put(subject, payload, headersOf({ [BYTES_HEADER]: isBytes ? '1' : undefined }))
  }

  #told(message: EngineMessage): void {
    const { space, payloads, clients, host } = this.#parts
    countReceived(this.#parts, message)
    const [, hash = '', letter, token = ''] = space.tokensOf(message.subject)
    const name = unescapeToken(token)
    const session = clients.sessionOf(hash)
    if (name === undefined || session === undefined) return
    const to = host()
    if (letter === LETTERS.emit && this.#events(name)) to.tell(session, 'emit', name, payloads.read(message))
    else if (letter === LETTERS.join && this.#rooms(name)) to.tell(session, 'join', name)
    else if (letter === LETTERS.leave && this.#rooms(name)) to.tell(session, 'leave', name)
  }
}
