/** RoomMoves: what clients ask of rooms, in the order in which they ask. */

/**
 * A program may take its time to decide on a join. A leave that follows must not overtake it, or the client stays in a
 * room that it has left; so the moves of one client in one room come one after the other.
 */
export class RoomMoves<P extends object> {
  readonly #last = new WeakMap<P, Map<string, Promise<void>>>()

  /** Makes a move behind those that this client has under way in this room. */
  make(peer: P, room: string, move: () => Promise<void> | void): Promise<void> {
    const rooms = this.#last.get(peer) ?? new Map<string, Promise<void>>()
    this.#last.set(peer, rooms)
    const moving = this.#behind(rooms.get(room), move)
    const done = moving
      .catch(() => {})
      .then(() => {
        if (rooms.get(room) === done) rooms.delete(room)
        return undefined
      })
    rooms.set(room, done)
    return moving
  }

  async #behind(last: Promise<void> | undefined, move: () => Promise<void> | void): Promise<void> {
    if (last !== undefined) await last
    await move()
  }
}
