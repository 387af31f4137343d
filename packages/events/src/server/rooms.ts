/** Rooms: groups of peers by name. */
import { checkName } from '../names.ts'

/** Groups of peers by name. A room exists while a peer is in it. */
export class Rooms<Peer> {
  readonly #rooms = new Map<string, Set<Peer>>()
  readonly #of = new Map<Peer, Set<string>>()

  /** Called when a peer has joined, or left, a room that it was not, or was, in. */
  changed: ((room: string, peer: Peer, joined: boolean) => void) | undefined

  join(peer: Peer, room: string): void {
    checkName('join', room)
    if (this.#of.get(peer)?.has(room) === true) return
    add(this.#rooms, room, peer)
    add(this.#of, peer, room)
    this.changed?.(room, peer, true)
  }

  leave(peer: Peer, room: string): void {
    if (this.#of.get(peer)?.has(room) !== true) return
    remove(this.#rooms, room, peer)
    remove(this.#of, peer, room)
    this.changed?.(room, peer, false)
  }

  leaveAll(peer: Peer): void {
    for (const room of this.roomsOf(peer)) this.leave(peer, room)
  }

  roomsOf(peer: Peer): string[] {
    return [...(this.#of.get(peer) ?? [])]
  }

  /** Everybody who is in one of the rooms, once. */
  members(rooms: Iterable<string>): Set<Peer> {
    const members = new Set<Peer>()
    for (const room of rooms) for (const peer of this.#rooms.get(room) ?? []) members.add(peer)
    return members
  }

  names(): string[] {
    return [...this.#rooms.keys()]
  }
}

const add = <Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void => {
  const set = map.get(key)
  if (set === undefined) map.set(key, new Set([value]))
  else set.add(value)
}

const remove = <Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void => {
  const set = map.get(key)
  set?.delete(value)
  if (set?.size === 0) map.delete(key)
}
