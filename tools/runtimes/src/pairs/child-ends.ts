/** A parent and its child, which talk over a descriptor of the child: `child.stdio[3]`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { EventClient, EventServer } from '@uds/events'
import { same, until } from '../cases/case.ts'

/** How the child ends, and its exit code then. */
export const childEnds = {
  'closes its client': 0,
  'calls process.exit()': 7,
  'is killed': null,
} as const

export type ChildEnd = keyof typeof childEnds

interface Work {
  toServer: { ready: null }
  requests: { add(numbers: [number, number]): number }
}

/** @param command - The program of the child, and what stands before the name of its file. */
export const asParent = async (command: readonly string[], end: ChildEnd): Promise<void> => {
  const server = EventServer.detached<Work>()
  server.handle('add', ([a, b]) => a + b)
  const [program = '', ...args] = command
  const child = spawn(program, [...args, join(import.meta.dirname, '../try-child.ts'), end], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  const ready = server.once('ready')
  const ended = once(child, 'exit') as Promise<[number | null]>
  server.accept(child.stdio[3] as Duplex)
  await ready
  same(server.peers.length, 1)
  if (end === 'is killed') child.kill('SIGKILL')
  const [code] = await ended
  same(code, childEnds[end])
  await until(() => server.peers.length === 0)
  await server.close()
}

export const asChild = async (end: ChildEnd): Promise<void> => {
  const parent = await EventClient.connect<Work>('fd:3')
  same(await parent.request('add', [1, 2]), 3)
  await parent.send('ready', null)
  // After this nothing is to hold the process.
  if (end === 'closes its client') await parent.close()
  if (end === 'calls process.exit()') process.exit(7)
}
