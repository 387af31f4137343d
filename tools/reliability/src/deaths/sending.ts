/** Clients that send without end while clients, servers and relays are killed, and what their history shows. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Actors, type Actor } from '../trials/actor.ts'
import type { Outcome, Run, Trial } from '../trials/trial.ts'
import type { ClientSettings } from './client-actor.ts'
import { check, type Promises } from './history.ts'
import { readEffects, readHandled, readSaid } from './logs.ts'
import type { ServerSettings } from './server-actor.ts'

const script = (name: string): string => join(import.meta.dirname, name)

/** Who is killed. */
type Role = 'client' | 'server' | 'relay'

export interface Killing {
  readonly victims: readonly Role[]
  /** Of these each end has a journal. */
  readonly journals: readonly ('client' | 'server')[]
  readonly clients: number
  /** Deaths in the short form. */
  readonly deaths: number
  readonly promises: Promises
}

/** Milliseconds of load between two deaths. */
const BETWEEN: readonly [number, number] = [20, 150]

interface Part {
  readonly role: Role
  start(): Promise<Actor>
  actor: Actor
}

const part = async (role: Role, start: () => Promise<Actor>): Promise<Part> => ({
  role,
  start,
  actor: await start(),
})

/** A server, a relay before it, and clients of the relay. */
class Scene {
  readonly #directory: string
  readonly #killing: Killing
  readonly #actors = new Actors()
  readonly parts: Part[] = []

  constructor(directory: string, killing: Killing) {
    this.#directory = directory
    this.#killing = killing
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }

  #has(role: 'client' | 'server'): boolean {
    return this.#killing.journals.includes(role)
  }

  async #ready(file: string, settings: ServerSettings | ClientSettings | readonly string[]): Promise<Actor> {
    const actor = this.#actors.start(script(file), [settings])
    await actor.line(/^ready/)
    return actor
  }

  async begin(): Promise<void> {
    const server: ServerSettings = {
      address: `unix:${this.#path('server')}`,
      log: this.#path('handled'),
      ...(this.#has('server') && { journal: this.#path('server-journal') }),
    }
    this.parts.push(
      await part('server', () => this.#ready('server-actor.ts', server)),
      await part('relay', () =>
        this.#ready('relay-actor.ts', [`unix:${this.#path('relay')}`, server.address]),
      ),
    )
    for (const name of this.clients()) {
      const client: ClientSettings = {
        address: `unix:${this.#path('relay')}`,
        name,
        log: this.#path(`${name}-said`),
        ...(this.#has('client') && { journal: this.#path(`${name}-journal`) }),
      }
      this.parts.push(await part('client', () => this.#ready('client-actor.ts', client)))
    }
  }

  clients(): string[] {
    return Array.from({ length: this.#killing.clients }, (_, at) => `c${at}`)
  }

  /** Lets the clients stop, and waits until all is acknowledged. Returns what is wrong then. */
  async settle(): Promise<string[]> {
    const problems: string[] = []
    for (const { role, actor } of this.parts) {
      if (role !== 'client') continue
      const done = actor.line(/^done/)
      actor.tell('stop')
      await done.catch((error: Error) => problems.push(`a client does not end: ${error.message}`))
    }
    for (const { role, actor } of this.parts)
      if (role !== 'client' && actor.ended) problems.push(`the ${role} died: ${await actor.exit}`)
    return problems
  }

  end(): Promise<void> {
    return this.#actors.end()
  }

  history(): { readonly messages: number; readonly problems: string[] } {
    const said = this.clients().flatMap((name) => readSaid(this.#path(`${name}-said`), name))
    const handled = this.#has('server')
      ? readEffects(this.#path('server-journal'))
      : readHandled(this.#path('handled'))
    return { messages: handled.length, problems: check(said, handled, this.#killing.promises) }
  }
}

/** A trial that kills these, again and again. */
export const killingTrial = (killing: Killing): Trial => ({
  run: async ({ random, directory, scale }: Run): Promise<Outcome> => {
    const scene = new Scene(directory, killing)
    const deaths = killing.deaths * scale
    try {
      await scene.begin()
      for (let death = 0; death < deaths; death += 1) {
        await delay(random.between(...BETWEEN))
        const victim = random.of(scene.parts.filter(({ role }) => killing.victims.includes(role)))
        await victim.actor.kill()
        victim.actor = await victim.start()
      }
      const unsettled = await scene.settle()
      await scene.end()
      const { messages, problems } = scene.history()
      const idle =
        messages < deaths ? [`only ${messages} messages in ${deaths} deaths: nothing was tried`] : []
      return {
        tried: deaths,
        counts: `${deaths} deaths, ${messages} messages`,
        problems: [...unsettled, ...problems, ...idle],
      }
    } finally {
      await scene.end()
    }
  },
})
