/** Broadcasts: what a server says to all, or to rooms, on its way to the clients of other servers, and back. */
import type { RoomBroadcast } from '@uds/events'
import type { EngineMessage } from '../connection/engine.ts'
import { BYTES_HEADER, checkSize, headersOf, sizeOf } from '../payload/payload.ts'
import type { Parts } from '../parts/parts.ts'
import { placeOf } from '../subjects/clients.ts'
import { nameFilter, type NameFilter } from '../subjects/patterns.ts'
import { escapeToken, unescapeToken } from '../subjects/token.ts'
import { countReceived } from '../parts/received.ts'

/** Header: the clients that hear nothing of it, by their hashes. */
const EXCEPT_HEADER = 'Uds-Except'
/** Header: several rooms, as a JSON list. */
const ROOMS_HEADER = 'Uds-Rooms'

export class Broadcasts {
  readonly #parts: Parts
  readonly #events: NameFilter
  readonly #rooms: NameFilter
  /** How each room that has members here is unsubscribed. */
  readonly #joined = new Map<string, () => void>()

  constructor(parts: Parts) {
    this.#parts = parts
    const { events, rooms } = parts.settings.forward
    this.#events = nameFilter(events)
    this.#rooms = nameFilter(rooms)
  }

  /** Subscribes to what this machine may hear. */
  begin(): void {
    const { engine, space, settings, host } = this.#parts
    if (settings.forward.events.length === 0) return
    engine.subscribe(space.of('e', '*', '*'), undefined, (message) => this.#heard(message, undefined))
    if (settings.forward.rooms.length === 0) return
    engine.subscribe(space.of('b', '*', '*'), undefined, (message) => this.#heardRooms(message))
    for (const room of host().rooms) this.joined(room)
  }

  /** False when enough is on its way to the other machines. */
  broadcast({ name, data, rooms, except }: RoomBroadcast): boolean {
    if (!this.#events(name)) return true
    const among = rooms?.filter((room) => this.#rooms(room))
    if (among?.length === 0) return true
    const { space, outlet, payloads, engine } = this.#parts
    const [first, ...more] = among ?? []
    const event = escapeToken(name)
    const subject =
      first === undefined
        ? space.of('e', space.machine, event)
        : more.length === 0
          ? space.of('r', space.machine, escapeToken(first), event)
          : space.of('b', space.machine, event)
    const { payload, isBytes } = payloads.write(data)
    checkSize('broadcast', sizeOf(payload), engine.maxPayload)
    const elsewhere = except.filter((id) => id.includes('/'))
    if (!isBytes && payloads.batches && typeof payload === 'string' && payload !== '')
      if (elsewhere.length === 0 && more.length === 0) return outlet.putText(subject, payload)
    const headers = headersOf({
      [BYTES_HEADER]: isBytes ? '1' : undefined,
      [EXCEPT_HEADER]: elsewhere.length === 0 ? undefined : elsewhere.join(','),
      [ROOMS_HEADER]: more.length === 0 ? undefined : JSON.stringify(among),
    })
    return outlet.put(subject, payload, headers)
  }

  /** A room has members here: what is said to it elsewhere is wanted from now on. */
  joined(room: string): void {
    if (this.#joined.has(room) || !this.#rooms(room)) return
    const { engine, space } = this.#parts
    const subject = space.of('r', '*', escapeToken(room), '*')
    const stop = engine.subscribe(subject, undefined, (message) => this.#heard(message, [room]))
    this.#joined.set(room, stop)
  }

  left(room: string): void {
    const stop = this.#joined.get(room)
    if (stop === undefined || this.#parts.host().rooms.includes(room)) return
    this.#joined.delete(room)
    stop()
  }

  #heardRooms(message: EngineMessage): void {
    const listed: unknown = JSON.parse(message.headers?.get(ROOMS_HEADER) ?? '[]')
    if (!Array.isArray(listed)) return
    const rooms = (listed as unknown[]).filter(
      (room): room is string => typeof room === 'string' && this.#rooms(room),
    )
    if (rooms.length > 0) this.#heard(message, rooms)
  }

  #heard(message: EngineMessage, rooms: readonly string[] | undefined): void {
    const { space, payloads, clients, host } = this.#parts
    countReceived(this.#parts, message)
    const tokens = space.tokensOf(message.subject)
    const name = unescapeToken(tokens.at(-1) ?? '')
    // With noEcho nothing of this connection comes back; another one may have the same name of a machine.
    if (name === undefined || !this.#events(name) || tokens[0] === space.machine) return
    const left = message.headers?.get(EXCEPT_HEADER) ?? ''
    const except: string[] = []
    for (const id of left === '' ? [] : left.split(',')) {
      const [machine, hash] = placeOf({ id, machine: '', name: undefined })
      const session = machine === space.machine ? clients.sessionOf(hash) : undefined
      if (session !== undefined) except.push(session)
    }
    const to = host()
    for (const data of payloads.readAll(message)) to.deliver({ name, data, rooms, except })
  }
}
