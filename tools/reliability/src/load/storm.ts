/** All clients of a server that was killed come back when it is started again. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Actors, type Actor } from '../trials/actor.ts'
import type { Outcome, Run, Trial } from '../trials/trial.ts'

const script = (name: string): string => join(import.meta.dirname, name)

const CLIENTS = 500
const PROCESSES = 2
/** All are back so soon after the server listens. */
const BACK_MS = 500
/** And it listens so soon after it was started; half of it is the start of Node on a busy machine. */
const START_MS = 1000
const PATIENCE_MS = 20_000

const timesOf = async (actors: readonly Actor[]): Promise<number[]> => {
  const lines = await Promise.all(
    actors.map((each) => {
      const line = each.line(/^times/)
      each.tell('times')
      return line
    }),
  )
  return lines.flatMap((line) => JSON.parse(line.slice('times '.length)) as number[])
}

export const storm = (awayMs: number): Trial => ({
  run: async ({ directory, scale }: Run): Promise<Outcome> => {
    const actors = new Actors()
    const address = `unix:${join(directory, 's')}`
    const problems: string[] = []
    const slowest: number[] = []
    const starts: number[] = []
    try {
      let server = actors.start(script('storm-server-actor.ts'), [address])
      await server.line(/^ready/)
      const clients = Array.from({ length: PROCESSES }, () =>
        actors.start(script('storm-clients-actor.ts'), [[address, CLIENTS / PROCESSES]]),
      )
      await Promise.all(clients.map((each) => each.line(/^ready/)))
      for (let round = 0; round < scale; round += 1) {
        for (const each of clients) each.tell('forget')
        await server.kill()
        await delay(awayMs)
        const started = performance.timeOrigin + performance.now()
        server = actors.start(script('storm-server-actor.ts'), [address])
        const ready = Number((await server.line(/^ready/)).split(' ')[1])
        starts.push(ready - started)
        let times: number[] = []
        for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
          times = await timesOf(clients)
          if (times.length === CLIENTS) break
          await delay(50)
        }
        if (times.length < CLIENTS) problems.push(`${CLIENTS - times.length} clients are not back`)
        slowest.push(Math.max(0, ...times.map((each) => each - ready)))
      }
      const [back, start] = [Math.max(...slowest), Math.max(...starts)].map(Math.round) as [number, number]
      // The short form runs beside other work; that all are back is what it proves.
      const judged = scale > 1
      if (judged && back > BACK_MS) problems.push(`the last client is back after ${back} ms, not ${BACK_MS}`)
      if (judged && start > START_MS)
        problems.push(`the server listens ${start} ms after its start, not ${START_MS}`)
      return {
        tried: CLIENTS * scale,
        counts: `${CLIENTS} clients back in ${back} ms, of a server that listened ${start} ms after its start`,
        problems,
      }
    } finally {
      await actors.end()
    }
  },
})
