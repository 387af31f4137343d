/** A server and clients in this process, what a program does to them, and a record of what came of it. */
import { setImmediate as turn } from 'node:timers/promises'
import { EventClient, EventServer, type ServerPeer } from '@uds/events'
import { memory, type Transport } from '@uds/stream'
import type { Duplex } from 'node:stream'
import type { Handled, Said } from '../deaths/history.ts'

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? error)

export const ROOMS = ['red', 'blue'] as const
export type Room = (typeof ROOMS)[number]

/** What an undisturbed connection has to carry: noted when it is said, crossed out when it arrives. */
interface Expectation {
  readonly what: string
  /** The disturbances of the client, and of the server, when it was said. */
  readonly disturbances: number
}

/** One client, and what is known of it. */
export class Participant {
  readonly name: string
  client!: EventClient
  /** The open ends of its connections. */
  readonly connections: Set<Duplex> = new Set<Duplex>()
  #disturbances = 0
  closed = false
  readonly said: Map<number, Said> = new Map()
  /** Rooms that it is in for certain, and those of which that is not known. */
  readonly rooms: Set<Room> = new Set()
  unsure: Set<Room> = new Set()
  /** Events that it got: numbers, in order. */
  heard: number[] = []

  constructor(name: string) {
    this.name = name
  }

  /** Something may have been lost. */
  disturb(): void {
    this.#disturbances += 1
  }

  /** What was done while this number was the same, and the client connected, cannot be lost. */
  get disturbances(): number {
    const connected = this.client.connected && [...this.connections].every(({ destroyed }) => !destroyed)
    return connected && !this.closed ? this.#disturbances : NaN
  }
}

/** Everything that a program works on. */
export class World {
  readonly address: string
  readonly problems: string[] = []
  readonly participants: Participant[] = []
  readonly handled: Handled[] = []
  readonly #pending = new Set<Promise<unknown>>()
  readonly #asked = new Map<number, number>()
  readonly #expected = new Map<number, Expectation & { readonly participant: Participant }>()
  readonly #arrived = new Set<number>()
  #server!: EventServer
  #life = 0
  #number = 0
  #everyone: Participant[] = []

  private constructor(name: string) {
    this.address = `memory:${name}`
  }

  static async create(name: string, clients: number): Promise<World> {
    const world = new World(name)
    await world.#serve()
    for (let at = 0; at < clients; at += 1) await world.#join(at)
    return world
  }

  get server(): EventServer {
    return this.#server
  }

  number(): number {
    return ++this.#number
  }

  async #serve(): Promise<void> {
    this.#life += 1
    const life = String(this.#life)
    this.#server = await EventServer.listen(this.address, {
      joinable: () => true,
      setUp: (server) => {
        server.on('error', () => {})
        server.on('say', async (data, peer, { redelivered }) => {
          const { number, waits } = data as { number: number; waits: boolean }
          this.handled.push({ client: String(peer.name), number, redelivered, life })
          if (waits) await turn()
        })
        server.on('shout', (data) => this.#arrive(data as { number: number }))
        server.handle('double', async (input) => {
          const { number, waits } = input as { number: number; waits: boolean }
          this.#asked.set(number, (this.#asked.get(number) ?? 0) + 1)
          if (waits) await turn()
          return number * 2
        })
        server.handle('count', async function* (input) {
          const { items } = input as { items: number }
          for (let item = 0; item < items; item += 1) {
            if (item % 3 === 0) await turn()
            yield item
          }
        })
      },
    })
  }

  async #join(at: number): Promise<void> {
    const participant = new Participant(`c${at}-${this.#number}`)
    const transport: Transport = {
      ...memory,
      connect: async (to, options) => {
        const connection = await memory.connect(to, options)
        participant.connections.add(connection)
        connection.once('close', () => participant.connections.delete(connection))
        return connection
      },
    }
    participant.client = await EventClient.connect(this.address, {
      transport,
      name: participant.name,
      reconnect: { initialMs: 1, maxMs: 5 },
      retryUntilMs: 5000,
    })
    participant.client.on('error', () => {})
    participant.client.on('news', (data) => {
      const { number } = data as { number: number }
      if (participant.heard.includes(number)) this.problems.push(`${participant.name} heard ${number} twice`)
      participant.heard.push(number)
    })
    this.participants[at] = participant
    this.#everyone.push(participant)
  }

  #keep(promise: Promise<unknown>): void {
    this.#pending.add(promise)
    void promise.finally(() => this.#pending.delete(promise)).catch(() => {})
  }

  #arrive({ number }: { readonly number: number }): void {
    if (this.#arrived.has(number)) this.problems.push(`event ${number} arrived twice`)
    this.#arrived.add(number)
  }

  at(index: number): Participant {
    return this.participants[index % this.participants.length]!
  }

  // ---- what programs do ----

  send(who: Participant, waits: boolean, size: number): void {
    const number = this.number()
    const base: Said = {
      client: who.name,
      number,
      acknowledged: false,
      kept: false,
      failed: undefined,
      life: '',
    }
    who.said.set(number, base)
    const settle = (more: Partial<Said>): void => void who.said.set(number, { ...base, ...more })
    this.#keep(
      who.client.send('say', { number, waits, text: 'x'.repeat(size) }).then(
        () => settle({ acknowledged: true }),
        // What a client that was closed had not sent is said so.
        (error: unknown) => settle({ failed: who.closed ? undefined : codeOf(error) }),
      ),
    )
  }

  emit(who: Participant, size: number): void {
    const number = this.number()
    const { disturbances } = who
    try {
      who.client.emit('shout', { number, text: 'x'.repeat(size) })
      if (who.client.connected)
        this.#expected.set(number, { what: `event ${number}`, disturbances, participant: who })
    } catch (error) {
      if (!who.closed) this.problems.push(`emit threw ${codeOf(error)}`)
    }
  }

  request(who: Participant, waits: boolean): void {
    const number = this.number()
    const { disturbances } = who
    this.#keep(
      who.client.request('double', { number, waits }, { timeoutMs: 10_000 }).then(
        (reply) => {
          if (reply !== number * 2) this.problems.push(`request ${number} got ${String(reply)}`)
          return undefined
        },
        (error: unknown) => this.#mayFail(who, disturbances, `request ${number}`, error),
      ),
    )
  }

  stream(who: Participant, items: number): void {
    const { disturbances } = who
    const read = async (): Promise<void> => {
      let next = 0
      for await (const item of who.client.stream('count', { items })) {
        if (item !== next) this.problems.push(`a stream has ${String(item)} in the place of ${next}`)
        next += 1
      }
      if (next !== items)
        this.problems.push(`a stream ended after ${next} of ${items} items, without an error`)
    }
    this.#keep(read().catch((error: unknown) => this.#mayFail(who, disturbances, 'a stream', error)))
  }

  #mayFail(who: Participant, disturbances: number, what: string, error: unknown): void {
    const code = codeOf(error)
    const allowed = ['ERR_DISCONNECTED', 'ERR_CLOSED', 'ERR_DISCONNECTED_BY_SERVER']
    if (who.disturbances === disturbances || !allowed.includes(code))
      this.problems.push(`${what} failed with ${code}`)
  }

  move(who: Participant, room: Room, into: boolean): void {
    who.unsure.add(room)
    const moved = into ? who.client.join(room) : who.client.leave(room)
    const { disturbances } = who
    this.#keep(
      moved.then(
        () => {
          // A later move of the same room, or a restart, decides.
          if (who.disturbances !== disturbances) return undefined
          who.unsure.delete(room)
          if (into) who.rooms.add(room)
          else who.rooms.delete(room)
          return undefined
        },
        (error: unknown) => this.#mayFail(who, disturbances, `a move of ${room}`, error),
      ),
    )
  }

  /** What the server says to all, or to a room. */
  broadcast(room: Room | undefined): void {
    const number = this.number()
    if (room === undefined) this.#server.broadcast('news', { number })
    else this.#server.to(room).emit('news', { number })
    for (const who of this.participants) {
      const { disturbances } = who
      const sure = room === undefined || !who.unsure.has(room)
      if (!sure) continue
      if (room === undefined || who.rooms.has(room))
        this.#news.push({ number, what: `news ${number}`, disturbances, participant: who })
      else this.#strange.push({ number, participant: who })
    }
  }

  readonly #news: (Expectation & { readonly number: number; readonly participant: Participant })[] = []
  readonly #strange: { readonly number: number; readonly participant: Participant }[] = []

  cut(who: Participant): void {
    who.disturb()
    for (const each of who.connections) each.destroy()
  }

  async restart(graceMs: number): Promise<void> {
    for (const who of this.participants) who.disturb()
    await this.#server.close({ graceMs })
    for (const who of this.participants) {
      who.disturb()
      // A server that was started again has forgotten them.
      who.rooms.clear()
      who.unsure = new Set(ROOMS)
    }
    await this.#serve()
  }

  async replace(at: number, graceMs: number): Promise<void> {
    const index = at % this.participants.length
    const who = this.at(index)
    who.closed = true
    await who.client.close({ graceMs })
    await this.#join(index)
  }

  sendAway(at: number): void {
    const who = this.at(at)
    who.closed = true
    who.disturb()
    const peer: ServerPeer | undefined = this.#server.peer(who.name)
    peer?.disconnect()
  }

  /** Waits until everything has come to an end, and judges it. */
  async settle(): Promise<void> {
    await Promise.all(this.participants.filter(({ closed }) => !closed).map((each) => each.client.flush()))
    await Promise.allSettled(this.#pending)
    for (const who of this.participants) {
      if (who.closed) continue
      while (!who.client.connected) await turn()
      // Behind everything that both ends have said.
      await who.client.ping().catch(() => {})
      this.#judgeRooms(who)
    }
    for (const [number, { what, disturbances, participant }] of this.#expected) {
      const sure = participant.disturbances === disturbances
      if (sure && !this.#arrived.has(number)) this.problems.push(`${what} is lost`)
    }
    for (const { number, what, disturbances, participant } of this.#news) {
      const sure = participant.disturbances === disturbances
      if (sure && !participant.heard.includes(number)) this.problems.push(`${what} is lost`)
    }
    for (const { number, participant } of this.#strange)
      if (participant.heard.includes(number))
        this.problems.push(`news ${number} came to one outside the room`)
    this.#expected.clear()
    this.#news.length = 0
    this.#strange.length = 0
    for (const [number, times] of this.#asked)
      if (times > 1) this.problems.push(`request ${number} was handled ${times} times`)
  }

  #judgeRooms(who: Participant): void {
    const peer = this.#server.peer(who.name)
    if (peer === undefined) return
    for (const room of ROOMS) {
      const is = peer.rooms.includes(room)
      if (!who.unsure.has(room) && is !== who.rooms.has(room))
        this.problems.push(`${who.name} is ${is ? '' : 'not '}in ${room}`)
      who.unsure.delete(room)
      if (is) who.rooms.add(room)
      else who.rooms.delete(room)
    }
  }

  get said(): Said[] {
    return this.#everyone.flatMap(({ said }) => [...said.values()])
  }

  async end(): Promise<void> {
    await Promise.all(this.#everyone.map(({ client }) => client.close({ graceMs: 0 })))
    await this.#server.close({ graceMs: 0 })
  }
}
