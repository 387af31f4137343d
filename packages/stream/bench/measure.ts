/** Measuring side by side: the contenders take turns, so that what disturbs the machine disturbs all of them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contenders.ts'

export const machine = (): string =>
  `${process.platform} ${process.arch}, ${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}`

/** A server, and where it listens. */
export interface Peer {
  readonly process: ChildProcess
  readonly address: string
}

/** Starts the server of a contender. */
export const startPeer = async ({ server, address }: Contender): Promise<Peer> => {
  const script = fileURLToPath(new URL('peer.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, server, address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { process: child, address: line.toString().trim() }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * Runs each contender once a round, and prints its median and the median of its ratios to the first one, which is taken
 * round by round.
 */
export const compare = async (
  title: string,
  unit: string,
  names: readonly string[],
  rounds: number,
  run: (index: number) => Promise<number>,
): Promise<void> => {
  const results: number[][] = names.map(() => [])
  for (let round = 0; round <= rounds; round += 1) {
    for (const turn of names.keys()) {
      // Nobody is always the first, or always behind the same one.
      const index = (turn + round) % names.length
      const value = await run(index)
      // The first round warms up.
      if (round > 0) results[index]!.push(value)
    }
  }
  console.log(`\n${title}`)
  for (const [index, name] of names.entries()) {
    const values = results[index]!
    const ratio = median(values.map((value, round) => value / results[0]![round]!))
    console.log(
      `  ${name.padEnd(32)} ${median(values).toFixed(1).padStart(12)} ${unit}   ${ratio.toFixed(3)}`,
    )
  }
}
