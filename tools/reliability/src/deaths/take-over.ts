/** A server takes the place of another while clients connect in a loop: none of them is refused. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Actors } from '../trials/actor.ts'
import type { Outcome, Run, Trial } from '../trials/trial.ts'
import { listed } from './history.ts'

const script = (name: string): string => join(import.meta.dirname, name)

const TAKE_OVERS = 3

/** @param door - by which the servers listen: `stream`, `pipes` or `events`. */
export const takeOverTrial = (door: string): Trial => ({
  run: async ({ directory, random, scale }: Run): Promise<Outcome> => {
    const actors = new Actors()
    const path = join(directory, 's')
    const serve = async () => {
      const server = actors.start(script('take-over-actor.ts'), [[path, door]])
      await server.line(/^ready/)
      return server
    }
    try {
      let server = await serve()
      const visitors = [1, 2].map(() => actors.start(script('visitor-actor.ts'), [[path, door]]))
      await Promise.all(visitors.map((each) => each.line(/^ready/)))
      const takeOvers = TAKE_OVERS * scale
      for (let done = 0; done < takeOvers; done += 1) {
        await delay(random.between(10, 60))
        const next = await serve()
        server.tell('end')
        await server.exit
        server = next
      }
      const ends = await Promise.all(
        visitors.map((each) => {
          const line = each.line(/^visits/)
          each.tell('stop')
          return line
        }),
      )
      const visits = ends.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)
      const refused = visitors.flatMap(({ lines }) => lines.filter((line) => line.startsWith('refused')))
      return {
        tried: takeOvers,
        counts: `${takeOvers} take-overs, ${visits} connections`,
        problems: [
          ...listed('connections were refused', refused),
          ...(visits < 10 ? ['nobody connected'] : []),
        ],
      }
    } finally {
      await actors.end()
    }
  },
})
