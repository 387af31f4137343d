/** Resolves names for a thread that blocks meanwhile: the entry of a worker. */
import { parentPort, workerData } from 'node:worker_threads'
import { Resolver, type ResolveOption } from '../network/resolver.ts'
import { answer, type Request, type SharedMemory } from './channel.ts'

const { memory, resolve } = workerData as {
  readonly memory: SharedMemory
  readonly resolve: Exclude<ResolveOption, (...args: never[]) => unknown> | undefined
}
const resolver = new Resolver(resolve)

parentPort!.on('message', ({ args }: Request) => {
  resolver.resolve(args[0] as string).then(
    (value) => answer(memory, { value }),
    (error: unknown) => answer(memory, { error }),
  )
})
